"""The engines of the product, with the real tools, keep what every engine promises (`tasks.engines.contract`)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tasks.domain.release import Receipt
from tasks.engines import ENGINES
from tasks.engines.contract import EngineContract, Subject
from tests.peers.tools import tool
from tests.platforms.images import as_role, template
from tests.platforms.terraform_roots import EXECUTABLE, colour_in
from tests.servers import clusters
from tests.servers.clusters import Cluster
from tests.servers.hosts import SandboxHosts

TERRAFORM = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
resource "terraform_data" "paint" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.paint.output }}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: default}}
data: {{colour: {colour}}}
"""
STACK = """
Resources:
  Paint:
    Type: AWS::SNS::Topic
    Properties: {{TopicName: flowmart-paint, DisplayName: {colour}}}
Outputs:
  Colour: {{Description: The colour, Value: {colour}}}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: {name}
      ansible.builtin.{task}
"""
CHART = "apiVersion: v2\nname: paint\nversion: 1.0.0\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


class TestTerraform(EngineContract):
    """`terraform_data` has nothing outside of the state that somebody could change by hand."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        state = tmp_path / "terraform.tfstate"

        return Subject(
            engine=ENGINES["terraform"],
            executable=EXECUTABLE,
            files=lambda colour: {"main.tf": TERRAFORM.format(state=state, colour=colour)},
            found=partial(colour_in, state),
        )


class ConfigMap:
    """The object of a unit in the cluster."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    def found(self) -> str | None:
        return self._kubectl("get", "--ignore-not-found", "-o", "jsonpath={.data.colour}") or None

    def tamper(self) -> object:
        return self._kubectl("patch", "--type=merge", "-p", '{"data": {"colour": "by hand"}}')

    def remove(self) -> object:
        return self._kubectl("delete", "--ignore-not-found")

    def variables(self) -> Mapping[str, str]:
        return self.cluster.variables("admin")

    def manifest(self, colour: str) -> str:
        return CONFIG_MAP.format(name=self.name, colour=colour)

    def _kubectl(self, verb: str, *options: str) -> str:
        return self.cluster.kubectl("-n", "default", verb, "configmap", self.name, *options)


class TestKustomize(EngineContract):
    @pytest.fixture
    def subject(self, cluster: Cluster) -> Subject:
        paint = ConfigMap(cluster, "kustomized")
        return Subject(
            engine=ENGINES["kustomize"],
            files=lambda colour: {
                "kustomization.yaml": "resources: [paint.yaml]\n",
                "paint.yaml": paint.manifest(colour),
            },
            found=paint.found,
            reading=paint.variables,
            executable=tool("kubectl"),
            tamper=paint.tamper,
            clean=paint.remove,
        )


class TestHelm(EngineContract):
    @pytest.fixture(params=["helm", "helm3"])
    def subject(self, cluster: Cluster, request: pytest.FixtureRequest) -> Subject:
        executable, paint = tool(request.param), ConfigMap(cluster, f"by-{request.param}")
        uninstall = [executable, "uninstall", paint.name, "-n", "default", "--ignore-not-found"]

        def clean() -> object:
            environment = {**os.environ, **paint.variables()}
            return subprocess.run(uninstall, env=environment, check=True, capture_output=True)

        return Subject(
            engine=ENGINES["helm"],
            files=lambda colour: {"Chart.yaml": CHART, "templates/paint.yaml": paint.manifest(colour)},
            found=paint.found,
            inputs={"namespace": "default", "release": paint.name},
            reading=paint.variables,
            executable=executable,
            tamper=paint.tamper,
            clean=clean,
        )


class TestCloudFormation(EngineContract):
    @pytest.fixture
    def subject(self, operator: Sandbox) -> Subject:
        dev = operator.platform.environment("dev")
        client, stack = operator.administrator("dev"), "flowmart-paint"
        sns, arn = client("sns"), f"arn:aws:sns:{dev.region}:{dev.account}:flowmart-paint"

        def found() -> str | None:
            if arn not in [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]:
                return None
            return str(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"])

        by_hand = {"AttributeName": "DisplayName", "AttributeValue": "by hand"}
        return Subject(
            engine=ENGINES["cloudformation"],
            environment=dev,
            files=lambda colour: {"template.yaml": STACK.format(colour=colour)},
            found=found,
            inputs={"stack": stack},
            reading=as_role(dev, dev.roles.plan),
            writing=as_role(dev, dev.roles.apply),
            tamper=lambda: sns.set_topic_attributes(TopicArn=arn, **by_hand),
            differs="DisplayName",
            clean=lambda: client("cloudformation").delete_stack(StackName=stack),
        )


class TestPacker(EngineContract):
    """Which image is selected is in the receipt; its colour AWS knows. Another release has another image."""

    @pytest.fixture
    def subject(self, operator: Sandbox, tmp_path: Path) -> Subject:
        dev, receipts = operator.platform.environment("dev"), list[Receipt]()
        ec2 = operator.administrator("dev")("ec2")

        def found() -> str | None:
            ids = [receipt.outputs["ami_id"] for receipt in receipts[-1:]]
            images = ec2.describe_images(Filters=[{"Name": "image-id", "Values": ids}])["Images"] if ids else []
            return next((t["Value"] for image in images for t in image["Tags"] if t["Key"] == "Colour"), None)

        def tamper() -> object:
            tags = [{"Key": "Colour", "Value": "by hand"}]
            return ec2.create_tags(Resources=[receipts[-1].outputs["ami_id"]], Tags=tags)

        return Subject(
            engine=ENGINES["packer"],
            environment=dev,
            # Of this test alone, so that none finds what another one has built.
            files=lambda colour: {"paint.pkr.hcl": template(colour) + f"# {tmp_path}\n"},
            found=found,
            inputs={"owner": dev.account},
            reading=as_role(dev, dev.roles.apply),
            executable=tool("packer"),
            tamper=tamper,
            differs="tags",
            received=receipts.append,
            adopts=False,
        )


class TestAnsible(EngineContract):
    """A host does not say whether it was configured before, so there is nothing to adopt."""

    @pytest.fixture
    def subject(self, hosts: SandboxHosts) -> Subject:
        paint = hosts.root("dev") / "etc" / "paint"

        def files(colour: str) -> Mapping[str, str]:
            remove = PLAY.format(name="Take the paint off", task="file: {path: /etc/paint, state: absent}")
            task = "copy: {content: '%s', dest: /etc/paint, mode: '0644'}" % colour
            config = "[ssh_connection]\npipelining = True\n"
            return {"playbook.yml": PLAY.format(name="Paint", task=task), "remove.yml": remove, "ansible.cfg": config}

        return Subject(
            engine=ENGINES["ansible"],
            files=files,
            found=lambda: paint.read_text().strip() if paint.exists() else None,
            inputs={"hosts": {"bastion": "10.10.0.5"}},
            reading=hosts.variables,
            executable=tool("ansible-playbook"),
            tamper=lambda: hosts.ssh("dev", "echo by hand > /etc/paint"),
            differs="content",
            adopts=False,
            clean=lambda: hosts.ssh("dev", "rm -f /etc/paint"),
        )
