"""The terraform engine on AWS: a provider that dies, objects that others fill in, and what somebody does by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import psutil
import pytest

from deployments.sandbox.aws_provider.install import install
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Action, Plan
from tasks.engines.base import Workspace
from tasks.engines.terraform.engine import Terraform
from tests.contract.aws_provider.world import HEADER, Root, World
from tests.platforms import terraform_roots
from tests.platforms.terraform_roots import applied, planned, receipt, settled
from tests.servers.descendants import descendants

TOPIC = 'resource "aws_sns_topic" "orders" {{\n  name = "orders"\n  display_name = "{name}"\n}}\n'
NETWORK = """
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
resource "aws_internet_gateway" "this" { vpc_id = aws_vpc.this.id }
resource "aws_route_table" "this" { vpc_id = aws_vpc.this.id }
resource "aws_route" "out" {
  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}
resource "aws_cloudwatch_log_group" "shop" {
  name              = "/shop"
  retention_in_days = 7
  lifecycle { ignore_changes = [retention_in_days] }
}
"""


def on_aws(tmp_path: Path, root: Root) -> terraform_roots.Root:
    """Releases of a root whose provider is the stand-in, with the credentials of the root's account."""
    return terraform_roots.Root(tmp_path, variables=lambda: variables(root))


def variables(root: Root) -> Mapping[str, str]:
    """What leads terraform to AWS, and to its provider."""
    return {name: value for name, value in root.environment.items() if name.startswith(("AWS_", "TF_"))}


def release(roots: terraform_roots.Root, code: str) -> Workspace:
    """A release with the provider in it."""
    return roots.release(f'{HEADER}provider "aws" {{}}\n{code}')


@pytest.fixture
def cold(moto: str, accounts: Iterator[str], tmp_path: Path) -> Root:
    """A root whose providers are processes of their own, so that one can be killed."""
    return Root(World(moto, install(tmp_path / "mirror", None)), tmp_path, next(accounts))


class Deaf(BaseHTTPRequestHandler):
    """An AWS that says who somebody is, and answers nothing else: the provider is killed while it waits."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = cast("DeafServer", self.server)
        if b"GetCallerIdentity" not in body:
            server.kill_the_provider()
            return
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        with urlopen(Request(server.aws, body, headers)) as answer:  # noqa: S310 (the address is the tests' own)
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.read())


class DeafServer(ThreadingHTTPServer):
    """`aws`: who answers what is answered."""

    def __init__(self, aws: str) -> None:
        super().__init__(("127.0.0.1", 0), Deaf)
        self.aws = aws

    def kill_the_provider(self) -> None:
        for process in descendants(psutil.Process(), having="deployments.sandbox.aws_provider.plugin"):
            process.kill()


def apply_and_lose_the_provider(workspace: Workspace, plan: Plan) -> Applied:
    """Apply towards an AWS that does not answer, with a provider that dies while it waits."""
    with DeafServer(workspace.writing()["AWS_ENDPOINT_URL"]) as deaf:
        threading.Thread(target=deaf.serve_forever, daemon=True).start()
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{deaf.server_address[1]}"}
        lost = replace(workspace, writing=lambda: {**workspace.writing(), **endpoint})
        try:
            return Terraform(lost).apply(plan)
        finally:
            deaf.shutdown()


def test_a_creation_whose_provider_died_is_unanswered_and_left_to_a_person(cold: Root, tmp_path: Path) -> None:
    workspace = release(on_aws(tmp_path, cold), TOPIC.format(name="first"))
    plan = planned(workspace)
    result = apply_and_lose_the_provider(workspace, plan)
    assert result.outcome is Outcome.UNANSWERED, result.detail
    seen = Terraform(workspace).observe(plan)
    assert seen.progress is Progress.PARTIAL, result.detail
    assert "aws_sns_topic.orders was begun and got no answer" in seen.detail


def test_a_change_whose_provider_died_is_unanswered_and_observed(cold: Root, tmp_path: Path) -> None:
    roots = on_aws(tmp_path, cold)
    applied(release(roots, TOPIC.format(name="first")))
    workspace = release(roots, TOPIC.format(name="second"))
    plan = planned(workspace)
    result = apply_and_lose_the_provider(workspace, plan)
    assert result.outcome is Outcome.UNANSWERED, result.detail
    assert Terraform(workspace).observe(plan).progress is Progress.UNCHANGED
    assert applied(workspace).outcome is Outcome.SUCCEEDED
    assert Terraform(workspace).observe(plan).progress is Progress.DONE


def test_what_objects_fill_in_is_no_drift_even_before_it_is_settled(root: Root, tmp_path: Path) -> None:
    workspace = release(on_aws(tmp_path, root), NETWORK)
    assert applied(workspace).outcome is Outcome.SUCCEEDED
    assert Terraform(workspace).detect_drift(receipt(workspace)).empty


def test_after_it_is_settled_the_state_says_what_is_there_and_the_next_plan_is_empty(
    root: Root, tmp_path: Path
) -> None:
    roots = on_aws(tmp_path, root)
    workspace = release(roots, NETWORK)
    applied(workspace)
    after, residual = settled(workspace)
    routes = next(r for r in roots.state["resources"] if r["type"] == "aws_route_table")["instances"][0]
    assert residual == ()
    assert [route["cidr_block"] for route in routes["attributes"]["route"]] == ["0.0.0.0/0"]
    assert planned(after).empty


def _add_a_route(client: Callable[[str], Any], table: str, gateway: str) -> None:
    client("ec2").create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", GatewayId=gateway)


def test_a_route_added_by_hand_is_drift(root: Root, tmp_path: Path) -> None:
    roots = on_aws(tmp_path, root)
    workspace = release(roots, NETWORK)
    applied(workspace)
    after, _ = settled(workspace)
    ids = {item["type"]: item["instances"][0]["attributes"]["id"] for item in roots.state["resources"]}
    _add_a_route(root.client, ids["aws_route_table"], ids["aws_internet_gateway"])
    drifted = Terraform(after).detect_drift(receipt(after)).changes
    assert [(change.address, change.attributes) for change in drifted] == [("aws_route_table.this", ("route",))]


def test_what_the_code_ignores_is_no_drift(root: Root, tmp_path: Path) -> None:
    workspace = release(on_aws(tmp_path, root), NETWORK)
    applied(workspace)
    after, _ = settled(workspace)
    root.client("logs").put_retention_policy(logGroupName="/shop", retentionInDays=30)
    assert Terraform(after).detect_drift(receipt(after)).empty


def test_a_changed_value_and_a_deleted_object_are_drift(root: Root, tmp_path: Path) -> None:
    workspace = release(on_aws(tmp_path, root), NETWORK + TOPIC.format(name="orders"))
    applied(workspace)
    after, _ = settled(workspace)
    topic = root.client("sns").list_topics()["Topics"][0]["TopicArn"]
    root.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="other")
    root.client("logs").delete_log_group(logGroupName="/shop")
    drifted = Terraform(after).detect_drift(receipt(after)).changes
    assert {(change.address, change.action) for change in drifted} == {
        ("aws_sns_topic.orders", Action.UPDATE),
        ("aws_cloudwatch_log_group.shop", Action.DELETE),
    }


def test_a_first_promotion_that_fails_leaves_what_existed(root: Root, tmp_path: Path) -> None:
    roots = on_aws(tmp_path, root)
    applied(release(roots, TOPIC.format(name="before")))
    failed = release(roots, TOPIC.format(name="after"))
    baseline = Terraform(failed).adopt()
    assert baseline is not None
    applied(failed)
    assert Terraform(failed).plan_rollback(failed, baseline) is None
    assert len(root.client("sns").list_topics()["Topics"]) == 1


def test_an_import_is_a_change_that_no_rollback_undoes(root: Root, tmp_path: Path) -> None:
    topic = root.client("sns").create_topic(Name="orders", Attributes={"DisplayName": "orders"})["TopicArn"]
    imports = f'import {{\n  to = aws_sns_topic.orders\n  id = "{topic}"\n}}\n'
    plan = planned(release(on_aws(tmp_path, root), imports + TOPIC.format(name="orders")))
    assert [(change.action, change.note) for change in plan.changes] == [(Action.IMPORT, f"imported: {topic}")]
    assert any("imported" in warning for warning in plan.warnings)
