"""The demo: a good release promoted to production, a bad one rolled back in staging, drift detected in dev.

Everything is real except the cloud: terraform, its state and locks, the policies, the smoke checks, the Prefect run
history. Each step is a `flowmart` command, printed before it runs, so that it can be repeated by hand. The bad
release is a commit in a separate clone: neither the working tree nor the repository's branches are touched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deployments import profile
from deployments.sandbox import kubernetes
from deployments.sandbox.layout import SandboxLayout
from deployments.setup import put_tools_on_path
from tasks import aws, manifest

ROOT = Path(__file__).parents[1]
_screen = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)


def main() -> None:
    """Run all steps; exits with 1 at the first one with an unexpected result."""
    put_tools_on_path()
    title("1. Start a sandbox: AWS with one account per environment, and a Prefect server, all on this machine.")
    flowmart("sandbox", "down", good=(0,), quiet=True)  # so that a second demo starts from scratch, too
    flowmart("sandbox", "up", good=(0,))
    profile.activate(ROOT)
    good, bad = release_of(ROOT), create_bad_release(ROOT / ".flowmart" / "demo")
    title("2. Promote release A, this repository's infrastructure at HEAD, to dev, staging and production.")
    flowmart("promote", good, good=(0,))
    count_resources()
    count_pods()
    title("3. Promote release B, with a change for every tool: image, instances, queues, cluster, cart, bastion.")
    say("   It works in dev. In staging, cart 2.0.0 crashes: its check fails, and all six tools roll back to A.")
    flowmart("promote", bad, good=(1,))
    title("4. Detect drift: open a port, change a tag and scale a deployment by hand in dev, without a review.")
    change_by_hand("dev")
    flowmart("drift", "dev", good=(2,))
    title("5. Show what happened, and which release is where.")
    flowmart("status", good=(0,))
    flowmart("history", "staging", "--limit", "12", good=(0,))
    flowmart("audit", good=(0,))
    show_next_steps(good, bad)


def create_bad_release(folder: Path) -> str:
    """Create a release with a change for every tool and a cart that crashes in staging, from a clone in `folder`.

    Returns:
        Its id.
    """
    run("rm", "-rf", str(folder))
    run("git", "clone", "--quiet", "--shared", str(ROOT), str(folder))
    make_bad_changes(folder / "infrastructure")
    author = ("-c", "user.name=Demo", "-c", "user.email=demo@flowmart.example")
    run("git", "-C", str(folder), *author, "commit", "--quiet", "--all", "-m", "New image and cart 2.0.0")
    return release_of(folder)


BAD_CHANGES = (
    ("ansible/roles/application/files/application.py", r'"""Answers the', '"""Version 2, answers the'),
    ("terraform/environments/{environment}/compute/main.tf", r'"t3\.', '"t3a.'),
    (
        "terraform/environments/{environment}/networking/main.tf",
        r"(flow_log_retention_days\s*)= \d+",
        r"\1= 3",
    ),
    ("cloudformation/order-events/parameters/{environment}.yaml", r"MaxReceives: \d+", "MaxReceives: 7"),
    ("kubernetes/overlays/{environment}/kustomization.yaml", r"LOG_LEVEL=\w+", "LOG_LEVEL=error"),
    ("ansible/bastion/templates/motd.j2", r"(?m): bastion\.$", ": a bastion."),
    ("helm-charts/cart/Chart.yaml", r'appVersion: ".*"', 'appVersion: "2.0.0"'),
    ("helm-charts/cart/values/staging.yaml", r"(?m)^service:", "service:\n  image: {tag: broken-crash-2.0.0}"),
)
"""Path below infrastructure/, pattern, replacement: a change for every tool, and a cart that crashes."""


def make_bad_changes(infrastructure: Path) -> None:
    """Change files of dev and staging in `infrastructure`; production's own files are not touched."""
    for path, pattern, replacement in BAD_CHANGES:
        for name in dict.fromkeys(path.format(environment=environment) for environment in ("dev", "staging")):
            edit(infrastructure / name, pattern, replacement)


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Replace every match of `pattern` in a file; exits if there is none."""
    text, number = re.subn(pattern, replacement, file.read_text())
    if not number:
        sys.exit(f"{file}: nothing matches {pattern}; adapt BAD_CHANGES in deployments/demo.py")
    file.write_text(text)


def release_of(repository: Path) -> str:
    """Create the release of a repository's HEAD in this project's store, and return its id."""
    store = os.environ["FLOWMART_STORE"]
    variables = {**os.environ, "FLOWMART_REPOSITORY": str(repository), "FLOWMART_STORE": store}
    done = flowmart("release", "create", good=(0,), variables=variables, quiet=True)
    return done.stdout.split()[1]


def count_resources() -> None:
    """Print how many resources AWS, not Terraform's state, has in each account."""
    platform = manifest.load(ROOT / "infrastructure")
    table = Table(box=None, padding=(0, 2), title="Resources in AWS by account", title_justify="left")
    for heading in ("", *(kind for kind, *_ in COUNTED)):
        table.add_column(heading, justify="left" if not heading else "right")
    for environment in platform.environments:
        credentials = aws.assume(environment.role("plan"), environment.region, "demo")
        counts = [count(aws.client(service, credentials), *question) for _, service, *question in COUNTED]
        table.add_row(f"{environment.name} {environment.account}", *map(str, counts))
    _screen.print(table)


def count_pods() -> None:
    """Print how many pods run in each cluster."""
    for environment in manifest.load(ROOT / "infrastructure").environments:
        if environment.cluster:
            command = ("kubectl", "--context", environment.cluster.plan, "--namespace", "flowmart", "get", "pods")
            ready = run(*command, "--no-headers").count("Running")
            say(f"  the cluster of {environment.name} runs {ready} pods")


COUNTED = (
    ("vpcs", "ec2", "describe_vpcs", "Vpcs"),
    ("subnets", "ec2", "describe_subnets", "Subnets"),
    ("gateways", "ec2", "describe_nat_gateways", "NatGateways"),
    ("databases", "rds", "describe_db_instances", "DBInstances"),
    ("tables", "dynamodb", "list_tables", "TableNames"),
    ("balancers", "elbv2", "describe_load_balancers", "LoadBalancers"),
    ("instances", "autoscaling", "describe_auto_scaling_instances", "AutoScalingInstances"),
    ("alarms", "cloudwatch", "describe_alarms", "MetricAlarms"),
    ("roles", "iam", "list_roles", "Roles"),
    ("buckets", "s3", "list_buckets", "Buckets"),
)
"""Column, service, operation, and the key of its response that is counted."""


def count(client: Any, operation: str, key: str) -> int:
    """How many resources an operation lists, without those that AWS creates itself (the default network)."""
    found = client.__getattribute__(operation)()[key]
    return sum(
        1 for item in found if not (isinstance(item, dict) and (item.get("IsDefault") or item.get("DefaultForAz")))
    )


def change_by_hand(environment: str) -> None:
    """Cause drift: open the database's port, change a tag, scale a deployment."""
    here = manifest.load(ROOT / "infrastructure").environment(environment)
    ec2 = aws.client("ec2", aws.assume(here.role("apply"), here.region, "by-hand"))
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["*database*"]}])[
        "SecurityGroups"
    ][0]
    world = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[world])
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Project", "Values": ["flowmart"]}])["Vpcs"][0]
    ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "Name", "Value": "do-not-touch"}])
    # Only an administrator may scale a deployment.
    administrator = kubernetes.path_of(SandboxLayout(ROOT).clusters, environment)
    scale = ("scale", "deployment/catalog", "--replicas=5")
    run("kubectl", "--kubeconfig", str(administrator), "--namespace", "flowmart", *scale)
    say(f"   opened port 5432 of {group['GroupId']} to the world, renamed {vpc['VpcId']} to do-not-touch")


def show_next_steps(good: str, bad: str) -> None:
    """Print where the run history is and which commands to try."""
    ui = os.environ["PREFECT_API_URL"].removesuffix("/api")
    title(f"Done. The run history, with every plan and check: {ui}")
    say(f"   Release A is {good}, release B is {bad}. Some things to try:")
    for command in (f"flowmart show {bad}", "flowmart diff dev staging", "flowmart promote", "flowmart --help"):
        say(f"     .venv/bin/{command}")
    say("   The sandbox keeps running; `make down` stops it.")


def flowmart(
    *arguments: str, good: tuple[int, ...], variables: Mapping[str, str] | None = None, quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a `flowmart` command and print it; exits unless its exit code is one of `good`.

    Args:
        arguments: of the command.
        good: the expected exit codes.
        variables: its environment; by default that of this process.
        quiet: capture the output instead of printing it.
    """
    if not quiet:
        _screen.print(f"\n[bold cyan]$ flowmart {' '.join(arguments)}[/]")
        sys.stdout.flush()
    command = [sys.executable, "-m", "deployments.cli", *arguments]
    environment = {"FLOWMART_LOG": "text", **(variables or os.environ)}
    out = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=out, text=True, check=False)
    if done.returncode not in good:
        sys.exit(f"the demo failed: exit code {done.returncode} instead of {good[0]}\n{done.stderr or ''}")
    return done


def run(*command: str) -> str:
    """Run a program and return its standard output; exits if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the demo failed: {' '.join(command)}: {done.stderr}")
    return done.stdout


def title(text: str) -> None:
    """Print a headline."""
    _screen.print(f"\n[bold]{text}[/]")


def say(text: str) -> None:
    """Print a line."""
    _screen.print(text)


if __name__ == "__main__":
    main()
