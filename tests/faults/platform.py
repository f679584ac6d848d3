"""A small platform with a unit of four engines, in the sandbox's AWS and cluster, reached through fault proxies.

queue   terraform: a topic and a log group, state in S3
alerts  cloudformation: a topic that takes the queue's colour
base    kustomize: two config maps
cart    helm: a config map and a deployment
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from tests.faults.proxy import FaultProxy
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev:
    account: "222222222222"
    region: eu-west-1
    cluster: {plan: dev-plan, apply: dev-apply}
units:
  queue:
    engine: terraform
    source: queue
    environments: [dev]
    checks:
      - {name: colour, kind: output, output: colour, matches: "^[a-z]+-[0-9]+$", within: 1s}
  alerts:
    engine: cloudformation
    source: alerts
    environments: [dev]
    needs: [queue]
    inputs: {Colour: "{queue.colour}"}
    checks:
      - {name: stack, kind: aws, fact: stack_good, stack: flowmart-dev-alerts, within: 20s}
  base:
    engine: kustomize
    source: base
    environments: [dev]
  cart:
    engine: helm
    source: cart
    environments: [dev]
    needs: [base]
    time_limit: 60s
    inputs: {namespace: flowmart}
    checks:
      - {name: rollout, kind: rollout, namespace: flowmart, workload: deployment/faults-cart, within: 20s}
"""
QUEUE = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.62.0"
    }
  }
  backend "s3" {
    bucket       = "flowmart-dev-tfstate-222222222222"
    key          = "faults/queue.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}
provider "aws" { region = "eu-west-1" }
resource "aws_sns_topic" "queue" {
  name         = "flowmart-faults-queue"
  display_name = "COLOUR"
}
resource "aws_cloudwatch_log_group" "queue" {
  name              = "/flowmart/dev/faults-queue"
  retention_in_days = DAYS
}
output "colour" { value = aws_sns_topic.queue.display_name }
"""
DAYS = (1, 3, 5, 7, 14, 30)
ALERTS = {
    "Parameters": {"Colour": {"Type": "String"}},
    "Resources": {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": "flowmart-faults-alerts", "DisplayName": {"Ref": "Colour"}},
        }
    },
    "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
}
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: flowmart}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME, namespace: flowmart}
data: {colour: COLOUR}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: faults-cart, namespace: flowmart}
spec:
  replicas: 1
  selector: {matchLabels: {app: faults-cart}}
  template:
    metadata:
      labels: {app: faults-cart}
      annotations: {colour: COLOUR}
    spec:
      containers:
        - name: cart
          image: registry.flowmart.example/cart:1.0.0
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            runAsNonRoot: true
            seccompProfile: {type: RuntimeDefault}
"""


class FaultyPlatform(MiniPlatform):
    """The platform in a repository of its own, with a store of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write("platform.yaml", PLATFORM)
        self.write("base/kustomization.yaml", "resources: [namespace.yaml, one.yaml, two.yaml]\n")
        self.write("base/namespace.yaml", NAMESPACE)
        self.write("cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n")
        self.write("alerts/template.yaml", json.dumps(ALERTS))

    def change(self, number: int) -> str:
        """A release in which every unit has something new; its id."""
        colour = f"colour-{number}"
        self.write("queue/main.tf", _painted(QUEUE, colour).replace("DAYS", str(DAYS[number % len(DAYS)])))
        for name in ("one", "two"):
            self.write(f"base/{name}.yaml", _painted(CONFIG_MAP, colour, f"faults-{name}"))
        self.write("cart/templates/settings.yaml", _painted(CONFIG_MAP, colour, "faults-cart"))
        self.write("cart/templates/deployment.yaml", _painted(DEPLOYMENT, colour))
        return self.release(f"change {number}").id


class Network:
    """The proxies before AWS and before the clusters."""

    def __init__(self, aws: FaultProxy, cluster: FaultProxy) -> None:
        self.aws, self.cluster = aws, cluster

    def reseed(self, seed: int, share: float) -> None:
        """Lose this share of all requests and answers from now on."""
        for proxy in (self.aws, self.cluster):
            proxy.reseed(seed, share)

    @property
    def faults(self) -> int:
        """How many requests met one."""
        return self.aws.met.total() + self.cluster.met.total()

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.aws.requests + self.cluster.requests


@contextmanager
def network(sandbox: Sandbox, folder: Path) -> Iterator[tuple[Network, Mapping[str, str]]]:
    """Proxies before the sandbox's AWS and clusters, and the variables that lead tools and product to them."""
    layout = SandboxLayout(sandbox.root)
    found = json.loads(layout.kubeconfig.read_text())
    servers = {each["cluster"]["server"].rpartition("/clusters/")[0] for each in found["clusters"]}
    (cluster_address,) = servers
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(layout.clusters / "server.crt", layout.clusters / "server.key")
    trusts = ssl.create_default_context(cafile=str(layout.clusters / "ca.crt"))
    with ExitStack() as stack:
        aws = stack.enter_context(FaultProxy(sandbox.aws_endpoint))
        cluster = stack.enter_context(FaultProxy(cluster_address, serves, trusts))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(found).replace(cluster_address, cluster.address))
        faulty = {"AWS_ENDPOINT_URL": aws.address, "KUBECONFIG": str(kubeconfig)}
        yield Network(aws, cluster), {**straight(sandbox), **faulty}


def straight(sandbox: Sandbox) -> Mapping[str, str]:
    """The variables that lead tools and product to the sandbox itself."""
    tools = {f"FLOWMART_{name.upper()}": tool(name) for name in ("helm", "kubectl")}
    return {**sandbox.variables, **tools, "HOME": os.environ["HOME"]}


def _painted(text: str, colour: str, name: str = "") -> str:
    return text.replace("COLOUR", colour).replace("NAME", name)
