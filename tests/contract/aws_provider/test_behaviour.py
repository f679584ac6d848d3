"""The stand-in's plans held against what was read of the real provider, `behaviour.json`, type by type. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.aws_provider import plan
from deployments.sandbox.aws_provider.behaviour import Behaviour, behaviours
from deployments.sandbox.aws_provider.declare import NO_DEFAULT, Arg, Field, Shape
from deployments.sandbox.aws_provider.registry import RESOURCES
from deployments.sandbox.aws_provider.resource import COMMON
from deployments.sandbox.aws_provider.schema import catalog
from deployments.sandbox.aws_provider.values import UNKNOWN

_MOTO = "moto has no call that changes it: refused at plan, where the real provider changes it"
_SOURCES = "moto changes the source of a rule from one IPv4 range to another, and no other: refused at plan"
_KINDS = ("cidr_ipv6", "prefix_list_id", "referenced_security_group_id")

# What a class says otherwise than the real provider's source, and why.
DEPARTURES = {
    "aws_cloudwatch_log_group.kms_key_id": _MOTO,
    "aws_default_network_acl.subnet_ids": "a VPC's default ACL has all subnets that have no other: they come and go",
    "aws_dynamodb_table.server_side_encryption.enabled": _MOTO,
    "aws_dynamodb_table.server_side_encryption.kms_key_arn": _MOTO,
    "aws_iam_openid_connect_provider.client_id_list": _MOTO,
    "aws_instance.iam_instance_profile": _MOTO,
    "aws_instance.instance_type": _MOTO,
    "aws_instance.monitoring": _MOTO,
    "aws_instance.root_block_device.delete_on_termination": _MOTO,
    "aws_instance.root_block_device.volume_size": _MOTO,
    "aws_instance.root_block_device.volume_type": _MOTO,
    **{f"aws_vpc_security_group_{side}_rule.{kind}": _SOURCES for side in ("egress", "ingress") for kind in _KINDS},
}

VALUES: dict[str, tuple[Any, Any]] = {"string": ("one", "two"), "number": (1, 2), "bool": (False, True)}


def is_otherwise(arg: Arg) -> bool:
    """Whether a declaration says more than that the argument is implemented, and how values of it compare."""
    own = (arg.computed is not None, arg.replaces is not None, arg.default is not NO_DEFAULT)
    return any(own) or arg.fixed or arg.only_if_configured


def test_every_emulated_type_was_read() -> None:
    assert set(behaviours()) == set(RESOURCES)


def test_classes_depart_from_the_real_provider_where_it_is_known_why() -> None:
    declared = {f"{name}.{path}": arg for name, each in RESOURCES.items() for path, arg in each.args.items()}
    assert {path for path, arg in declared.items() if is_otherwise(arg)} == set(DEPARTURES)


def written(shape: Shape, real: Behaviour, with_blocks: bool, prefix: str = "") -> dict[str, Any]:
    """A configuration with the least arguments, and one of each block: of those that AWS fills in on demand."""
    config = shape.blank() | {name: VALUES.get(spec.type, ([], []))[0] for name, spec in required(shape).items()}
    for name, block in shape.blocks.items():
        if block.nesting != "single" and (with_blocks or f"{prefix}{name}" not in real.computed):
            config[name] = [written(block.shape, real, with_blocks, f"{prefix}{name}.")]
    return config


def required(shape: Shape) -> dict[str, Field]:
    return {name: spec for name, spec in shape.fields.items() if spec.required}


def zero(type_: str) -> Any:
    """What an element of a set has in place of null."""
    return {"string": "", "number": 0, "bool": False, "map": {}}.get(type_.partition("(")[0], [])


def as_read(
    shape: Shape, real: Behaviour, config: dict[str, Any], prefix: str = "", in_set: bool = False
) -> dict[str, Any]:
    """What the real provider plans of a configuration, by what was read."""
    planned = dict(config)
    for name in shape.fields.keys() - required(shape).keys():
        path, spec = f"{prefix}{name}", shape.fields[name]
        filled = path in real.computed or not spec.writable or (path in COMMON and COMMON[path].computed)
        nothing = zero(spec.type) if in_set else None
        planned[name] = real.defaults.get(path, UNKNOWN if filled else nothing)
    for name, block in shape.blocks.items():
        path = f"{prefix}{name}"
        of_set = in_set or (block.nesting == "set" and not real.framework)
        elements = [as_read(block.shape, real, each, f"{path}.", of_set) for each in config[name] or []]
        unwritten = UNKNOWN if path in real.computed else config[name]
        planned[name] = elements or unwritten
    return planned


@pytest.mark.parametrize("with_blocks", [False, True], ids=["least", "blocks"])
@pytest.mark.parametrize("type_", RESOURCES)
def test_a_new_object_is_planned_as_by_the_real_provider(type_: str, with_blocks: bool) -> None:
    shape, real = RESOURCES[type_].shape, behaviours()[type_]
    config = written(shape, real, with_blocks)
    assert plan.fill(shape, config, config, None) == as_read(shape, real, config)


@pytest.mark.parametrize("type_", RESOURCES)
def test_a_change_replaces_what_it_replaces_with_the_real_provider(type_: str) -> None:
    shape, real = RESOURCES[type_].shape, behaviours()[type_]
    changed = {
        name: VALUES[spec.type] for name, spec in shape.fields.items() if spec.type in VALUES and spec.writable
    }
    replacing = {
        name
        for name, (before, after) in changed.items()
        if plan.replacing(shape, shape.blank() | {name: before}, shape.blank() | {name: after})
    }
    assert replacing - COMMON.keys() == real.replaces & changed.keys()


def in_blocks(shape: Shape) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """For each argument of a block that does not replace as a whole: an object, and one in which it differs."""
    pairs = {}
    for name, block in shape.blocks.items():
        blank = block.shape.blank()
        for inner, spec in block.shape.fields.items() if not block.arg.replaces else ():
            values = VALUES.get(spec.type, (["one"], ["two"]))
            before, after = (shape.blank() | {name: [blank | {inner: value}]} for value in values)
            pairs[f"{name}.{inner}"] = (before, after)
    return pairs


@pytest.mark.parametrize("type_", RESOURCES)
def test_a_change_in_a_block_replaces_what_it_replaces_with_the_real_provider(type_: str) -> None:
    shape, real = RESOURCES[type_].shape, behaviours()[type_]
    pairs = {path: pair for path, pair in in_blocks(shape).items() if not path.startswith("timeouts.")}
    assert {path for path, pair in pairs.items() if plan.replacing(shape, *pair)} == real.replaces & pairs.keys()


FILLED_IN = {
    (name, block): real
    for name, real in behaviours().items()
    for block in sorted((real.computed | real.kept) & RESOURCES[name].shape.blocks.keys())
}


@pytest.mark.parametrize(("type_", "block"), FILLED_IN)
def test_a_block_that_aws_filled_in_stays_while_none_is_written(type_: str, block: str) -> None:
    shape = RESOURCES[type_].shape
    config, there = shape.blank(), [shape.blocks[block].shape.blank()]
    planned = plan.fill(shape, config, config, config | {block: there})
    assert planned[block] == there
    assert plan.departs(shape, config, planned)


def test_a_vpc_gives_up_dedicated_hosts_and_is_replaced_for_them() -> None:
    vpc = RESOURCES["aws_vpc"]
    shared, dedicated = (vpc.shape.blank() | {"instance_tenancy": tenancy} for tenancy in ("default", "dedicated"))
    assert vpc.replacing(dedicated, shared) == []
    assert vpc.replacing(shared, dedicated) == ["instance_tenancy"]


def test_a_rule_is_replaced_for_another_kind_of_source() -> None:
    rule = RESOURCES["aws_vpc_security_group_ingress_rule"]
    of_ipv4 = rule.shape.blank() | {"cidr_ipv4": "10.0.0.0/8"}
    of_group = rule.shape.blank() | {"referenced_security_group_id": UNKNOWN}
    assert rule.replacing(of_ipv4, of_group) == ["cidr_ipv4", "referenced_security_group_id"]
    assert rule.replacing(of_ipv4, of_ipv4 | {"cidr_ipv4": "10.0.0.0/16"}) == []


def test_what_the_real_provider_has_as_ephemeral_only_is_no_resource() -> None:
    ephemeral = {"aws_ecr_authorization_token", "aws_eks_cluster_auth", "aws_kms_secrets"}
    assert not ephemeral & catalog().resources.keys()
    assert catalog().resources["aws_ssm_parameter"].arguments["name"].required
