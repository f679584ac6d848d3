"""Reads the sandbox's accounts and clusters without the product, and changes them by hand."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from deployments.demo.screen import ROOT, SCREEN, run, say
from deployments.sandbox import kubernetes
from deployments.sandbox.layout import SandboxLayout
from tasks import aws, manifest


def count_resources() -> None:
    """Print how many resources each account has in AWS itself, not in Terraform's state."""
    platform = manifest.load(ROOT / "infrastructure")
    table = Table(box=None, padding=(0, 2), title="Resources in AWS by account", title_justify="left")
    for heading in ("", *(kind for kind, *_ in COUNTED)):
        table.add_column(heading, justify="left" if not heading else "right")
    for environment in platform.environments:
        credentials = aws.assume(environment.role("plan"), environment.region, "demo")
        counts = [count(aws.client(service, credentials), *question) for _, service, *question in COUNTED]
        table.add_row(f"{environment.name} {environment.account}", *map(str, counts))
    SCREEN.print(table)


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
"""Column, service, operation, and the key of the response whose items are counted."""


def count(client: Any, operation: str, key: str) -> int:
    """Count the resources that an operation lists, without those that AWS creates itself (the default network)."""
    found = client.__getattribute__(operation)()[key]
    return sum(
        1 for item in found if not (isinstance(item, dict) and (item.get("IsDefault") or item.get("DefaultForAz")))
    )


def change_by_hand(environment: str) -> None:
    """Cause drift: open the database's port, change a tag, and scale a deployment."""
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
