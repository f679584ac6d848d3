"""Which differences of a refresh are drift, on plans as terraform writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.plan import Action
from tasks.engines.terraform import configuration, drift, schemas
from tasks.engines.terraform.drift import Drift, Kind

AWS = "registry.terraform.io/hashicorp/aws"
KIND = Kind(read_only=frozenset({"id", "arn"}), fills=frozenset({"route", "ingress", "inline_policy", "capacity"}))
NOBODY = frozenset[str]()


def plan(
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    planned: Mapping[str, Any] | None = None,
    others: tuple[Mapping[str, Any], ...] = (),
    kind: str = "aws_thing",
) -> dict[str, Any]:
    """A plan whose refresh found one object changed, and that would leave it as `planned` (default: as found)."""
    item = {"address": f"{kind}.a", "type": kind, "mode": "managed", "provider_name": AWS}
    kept = after if planned is None else planned
    actions = ["delete"] if after is None else ["update"]
    values = [{"address": f"other.{number}", "values": each} for number, each in enumerate(others)]
    return {
        "resource_drift": [{**item, "change": {"actions": actions, "before": before, "after": after}}],
        "resource_changes": [{**item, "change": {"actions": ["no-op"], "before": after, "after": kept}}],
        "prior_state": {"values": {"root_module": {"resources": values}}},
    }


def found(document: Mapping[str, Any], ignored: frozenset[str] = NOBODY) -> Drift:
    return drift.found_in(document, "terraform/dev/first", lambda *_: KIND, lambda _: ignored)


@pytest.mark.parametrize("empty", [{}, [], "", False, 0, {"a": None}, [""]])
def test_what_means_not_set_is_no_drift(empty: Any) -> None:
    assert found(plan({"tags": None}, {"tags": empty})).changes == ()
    assert found(plan({"tags": empty}, {"tags": None})).changes == ()


def test_a_read_only_attribute_that_moves_on_is_a_note() -> None:
    seen = found(plan({"arn": "old"}, {"arn": "new"}))
    assert seen.changes == ()
    assert seen.notes == ("aws_thing.a: arn moved on by itself",)


def test_what_the_plan_would_put_back_is_drift() -> None:
    seen = found(plan({"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}, planned={"cidr": "10.0.0.0/8"}))
    assert [(change.address, change.attributes) for change in seen.changes] == [("aws_thing.a", ("cidr",))]


def test_what_is_set_and_the_plan_keeps_is_ignored_by_the_code() -> None:
    assert found(plan({"retention": 7}, {"retention": 30})).changes == ()


def test_only_the_attributes_that_somebody_changed_are_shown() -> None:
    before, after = {"cidr": "a", "arn": "old", "tags": None}, {"cidr": "b", "arn": "new", "tags": {}}
    seen = found(plan(before, after, planned={**after, "cidr": "a"}))
    assert [change.attributes for change in seen.changes] == [("cidr",)]


def test_an_object_that_is_gone_is_drift() -> None:
    assert [change.action for change in found(plan({"id": "1"}, None)).changes] == [Action.DELETE]


BY_HAND = {"cidr_block": "10.9.0.0/16", "gateway_id": "igw-9"}
BY_CODE = {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1", "ipv6_cidr_block": ""}
ROUTE = {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1", "route_table_id": "rtb-1"}


def test_a_route_that_another_object_of_the_state_makes_is_no_drift() -> None:
    assert found(plan({"route": []}, {"route": [BY_CODE]}, others=(ROUTE,))).changes == ()


@pytest.mark.parametrize("others", [(), (ROUTE,)])
def test_a_route_added_by_hand_is_drift(others: tuple[Mapping[str, Any], ...]) -> None:
    seen = found(plan({"route": [BY_CODE]}, {"route": [BY_CODE, BY_HAND]}, others=others))
    assert [change.attributes for change in seen.changes] == [("route",)]


def test_a_route_that_is_gone_is_drift() -> None:
    assert len(found(plan({"route": [BY_CODE]}, {"route": []}, others=(ROUTE,))).changes) == 1


RULES = (
    {"cidr_ipv4": "10.0.0.0/8", "from_port": 443, "to_port": 443, "ip_protocol": "tcp"},
    {"cidr_ipv4": "172.16.0.0/12", "from_port": 443, "to_port": 443, "ip_protocol": "tcp"},
    {"cidr_ipv4": "192.168.0.0/16", "from_port": 22, "to_port": 22, "ip_protocol": "tcp"},
)


@pytest.mark.parametrize(
    ("port", "blocks", "drifted"),
    [
        (443, ["10.0.0.0/8", "172.16.0.0/12"], 0),
        (443, ["10.0.0.0/8", "192.168.0.0/16"], 1),
        (22, ["10.0.0.0/8"], 1),
    ],
)
def test_each_address_range_of_an_entry_needs_its_own_rule(port: int, blocks: list[str], drifted: int) -> None:
    entry = {"cidr_blocks": blocks, "from_port": port, "to_port": port, "protocol": "tcp", "self": False}
    assert len(found(plan({"ingress": []}, {"ingress": [entry]}, others=RULES)).changes) == drifted


def test_a_policy_spelled_differently_is_the_same() -> None:
    entry = {"name": "read", "policy": '{"a": 1, "b": 2}'}
    other = {"name": "read", "policy": '{"b":2,"a":1}', "role": "r"}
    assert found(plan({"inline_policy": []}, {"inline_policy": [entry]}, others=(other,))).changes == ()


@pytest.mark.parametrize("ignored", [frozenset({"capacity"}), frozenset({configuration.ALL})])
def test_what_the_provider_fills_in_and_the_code_ignores_is_no_drift(ignored: frozenset[str]) -> None:
    document = plan({"capacity": 2}, {"capacity": 5})
    assert len(found(document).changes) == 1
    assert found(document, ignored).changes == ()


@pytest.mark.parametrize(
    ("path", "drifted"),
    [
        ("./out.txt", 0),
        ("out.txt", 0),
        ("/checkout/r1/infrastructure/terraform/dev/first/out.txt", 0),
        ("/etc/out.txt", 1),
        ("../out.txt", 1),
    ],
)
def test_a_file_below_the_root_is_no_drift(path: str, drifted: int) -> None:
    assert len(found(plan({"filename": path}, None, kind="local_file")).changes) == drifted


def test_a_schema_tells_what_can_only_be_read_and_what_is_filled_in() -> None:
    block = """{"provider_schemas": {"p": {"resource_schemas": {"t": {"block": {"attributes": {
        "arn": {"type": "string", "computed": true},
        "route": {"type": "string", "computed": true, "optional": true},
        "cidr": {"type": "string", "required": true}},
        "block_types": {"volume": {}}}}}}}}"""
    assert schemas.kinds(block) == {"p": {"t": Kind(frozenset({"arn"}), frozenset({"route", "volume"}))}}


CODE = """
variable "pin" {
  sensitive = true
  default   = "by default"
}
variable "open" { default = "open" }
variable "token" { ephemeral = true }
resource "aws_thing" "a" {
  lifecycle { ignore_changes = [capacity, tags["Team"]] }
}
resource "aws_thing" "b" {
  lifecycle { ignore_changes = all }
}
"""


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("aws_thing.a", {"capacity", "tags"}),
        ("aws_thing.a[0]", {"capacity", "tags"}),
        ("aws_thing.b", {configuration.ALL}),
        ("aws_thing.c", set()),
        ('module.group["x.y"].aws_thing.a', {"size"}),
        ("module.absent.aws_thing.a", set()),
    ],
)
def test_what_the_code_ignores(tmp_path: Path, address: str, names: set[str]) -> None:
    (tmp_path / "main.tf").write_text(CODE)
    module = tmp_path / "modules" / "group"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('resource "aws_thing" "a" {\n  lifecycle { ignore_changes = [size] }\n}\n')
    (tmp_path / ".terraform" / "modules").mkdir(parents=True)
    (tmp_path / ".terraform" / "modules" / "modules.json").write_text(
        '{"Modules": [{"Key": "", "Dir": "."}, {"Key": "group", "Dir": "modules/group"}]}'
    )
    assert configuration.ignored(tmp_path, address) == names


def test_sensitive_variables_have_all_values_that_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(CODE)
    (tmp_path / "terraform.tfvars").write_text('pin = "by file"\nopen = "shown"\n')
    values = configuration.sensitive_values(tmp_path, {"token": "by input", "open": "shown"})
    assert {value for value in values if value} == {"by default", "by file", "by input"}
