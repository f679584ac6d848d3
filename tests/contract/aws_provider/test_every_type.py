"""The life of every type, told by real terraform: made, unchanged, changed, replaced, gone."""

from __future__ import annotations

import json

import pytest

from deployments.sandbox.aws_provider.registry import DATA_SOURCES, RESOURCES
from deployments.sandbox.aws_provider.services.s3_observed import SETTINGS
from tests.contract.aws_provider.world import Root

# What `step = 3` of the root cannot change in place.
REPLACED = {
    "aws_dynamodb_table.indexed",
    "aws_flow_log.this",
    "aws_iam_role_policy.this",
    "aws_kms_alias.this",
    "aws_lb_target_group.plain",
    "aws_lb_target_group_attachment.this",
    "aws_network_acl_rule.this",
    "aws_security_group_rule.several",
    "aws_sns_topic_subscription.this",
    "aws_ssm_parameter.shown",
}


# What objects of their own (routes, rules, attachments, a bucket's settings) change of others.
FILLED_IN = {
    *(
        "attachment_count",
        "egress",
        "ingress",
        "inline_policy",
        "load_balancer_arns",
        "managed_policy_arns",
        "policy",
    ),
    *("route", *SETTINGS),
}


def attributes_found(root: Root, *arguments: str) -> set[str]:
    """The attributes that a refresh finds different."""
    return {name for change in root.drift(*arguments).values() for name in change.attributes}


def test_the_root_has_every_type(every_type: Root) -> None:
    state = json.loads((every_type.folder / "terraform.tfstate").read_text())
    assert {r["type"] for r in state["resources"] if r["mode"] == "managed"} == set(RESOURCES)
    assert {r["type"] for r in state["resources"] if r["mode"] == "data"} == set(DATA_SOURCES)


def test_a_second_plan_is_empty(every_type: Root) -> None:
    every_type.run("plan", "-detailed-exitcode")


def test_refreshing_after_an_apply_finds_what_other_objects_made_and_nothing_else(every_type: Root) -> None:
    assert attributes_found(every_type) == FILLED_IN


def test_nothing_is_left_unknown_or_without_tags(every_type: Root) -> None:
    tags = {address: values["tags_all"] for address, values in every_type.state.items() if "tags_all" in values}
    assert len(tags) > 30
    for address, found in tags.items():
        assert found.items() >= {"Project": "flowmart", "Environment": "test", "Word": "first"}.items(), address


def test_the_objects_really_exist(every_type: Root) -> None:
    state = every_type.state
    vpc = every_type.client("ec2").describe_vpcs(VpcIds=[state["aws_vpc.this"]["id"]])["Vpcs"][0]
    assert {"Key": "Project", "Value": "flowmart"} in vpc["Tags"]
    groups = every_type.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [len(group["Instances"]) for group in groups] == [2]


def test_the_master_password_is_in_secrets_manager_and_not_in_the_state(every_type: Root) -> None:
    secret = every_type.state["aws_db_instance.this"]["master_user_secret"][0]
    kept = every_type.client("secretsmanager").get_secret_value(SecretId=secret["secret_arn"])["SecretString"]
    password = json.loads(kept)["password"]
    assert password not in (every_type.folder / "terraform.tfstate").read_text()


@pytest.fixture(scope="module")
def changed(every_type: Root) -> Root:
    """The root in which everything that can be changed in place was changed."""
    every_type.apply("-var=step=2")
    return every_type


def test_what_can_be_changed_is_changed_in_place(changed: Root) -> None:
    changed.run("plan", "-var=step=2", "-detailed-exitcode")
    assert attributes_found(changed, "-var=step=2") <= FILLED_IN


def test_a_new_image_replaces_the_instances(every_type: Root, changed: Root) -> None:
    group = changed.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    ids = [instance["InstanceId"] for instance in group["Instances"]]
    found = changed.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    images = {instance["ImageId"] for reservation in found for instance in reservation["Instances"]}
    assert images == {"ami-1e749f67"}


def test_what_cannot_be_changed_is_replaced(changed: Root) -> None:
    changes = changed.changes("-var=step=3")
    replaced = {address for address, change in changes.items() if set(change.actions) == {"create", "delete"}}
    assert replaced == REPLACED
    changed.apply("-var=step=3")
    changed.run("plan", "-var=step=3", "-detailed-exitcode")


def test_the_way_back_is_open(changed: Root) -> None:
    changed.apply("-var=step=1")
    changed.run("plan", "-detailed-exitcode")
    assert attributes_found(changed) <= FILLED_IN


def test_destroying_leaves_nothing(changed: Root) -> None:
    changed.destroy()
    assert changed.state == {}
    gateways = changed.client("ec2").describe_nat_gateways()["NatGateways"]
    assert {gateway["State"] for gateway in gateways} == {"deleted"}
    assert changed.client("rds").describe_db_instances()["DBInstances"] == []
    vpcs = changed.client("ec2").describe_vpcs()["Vpcs"]
    assert [vpc for vpc in vpcs if not vpc["IsDefault"]] == []
