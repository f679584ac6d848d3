"""Checks parameters of AWS-specific types: what their values name has to exist in the account and region.

Source: the user guide, "Supported AWS-specific parameter types". Images are checked where they are used, because AWS
has some that the sandbox lacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.route53.models import route53_backends
from moto.ssm.models import ssm_backends

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, is_later
from deployments.sandbox.aws_server.cloudformation.templates import Template


def refusal(template: Template) -> str:
    """Return why AWS rejects the values of a template's parameters; empty if everything they name exists."""
    for name, slot in template.slots.items():
        kind = re.sub(r"^List<(.*)>$", r"\1", str(slot.get("Type")))
        value = as_text(template.parameters.get(name, slot.get("Default", "")))
        if kind not in _NAMES or is_later(value):
            continue
        there = _NAMES[kind](template)
        for part in value.split(",") if kind != slot.get("Type") else [value]:
            if part.strip() not in there:
                told = f"parameter value {part.strip()} for parameter name {name} does not exist"
                return f"Parameter validation failed: {told}"
    return ""


def _network(template: Template) -> Any:
    return ec2_backends[template.account][template.region]


def _groups(template: Template) -> list[Any]:
    return [group for groups in _network(template).groups.values() for group in groups.values()]


_NAMES: dict[str, Callable[[Template], Collection[str]]] = {
    "AWS::EC2::AvailabilityZone::Name": lambda template: {
        zone.name for zone in RegionsAndZonesBackend.zones.get(template.region, [])
    },
    "AWS::EC2::Instance::Id": lambda template: {
        instance.id for reservation in _network(template).reservations.values() for instance in reservation.instances
    },
    "AWS::EC2::KeyPair::KeyName": lambda template: {*_network(template).key_pairs},
    "AWS::EC2::SecurityGroup::GroupName": lambda template: {group.name for group in _groups(template)},
    "AWS::EC2::SecurityGroup::Id": lambda template: {group.id for group in _groups(template)},
    "AWS::EC2::Subnet::Id": lambda template: {
        name for subnets in _network(template).subnets.values() for name in subnets
    },
    "AWS::EC2::VPC::Id": lambda template: {*_network(template).vpcs},
    "AWS::EC2::Volume::Id": lambda template: {*_network(template).volumes},
    "AWS::SSM::Parameter::Name": lambda template: ssm_backends[template.account][template.region]._parameters,
    "AWS::Route53::HostedZone::Id": lambda template: {*route53_backends[template.account]["aws"].zones},
}
"""{type of a parameter: the names or ids that its values may have}."""
