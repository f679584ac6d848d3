"""Checks the sections of a template and their content before anything is resolved. Pure.

Source: the user guide, "CloudFormation template sections" and "Resource attribute reference". The messages are AWS's
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation import shapes
from deployments.sandbox.aws_server.cloudformation.intrinsics import NOT_EMULATED, refuse

_SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata"),
        *("Outputs", "Parameters", "Resources", "Rules", "Transform"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata"),
        *("Properties", "Type", "UpdatePolicy", "UpdateReplacePolicy", "Version"),
    }
)
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
_WITH_SNAPSHOTS = frozenset(
    {
        *("AWS::DocDB::DBCluster", "AWS::EC2::Volume", "AWS::ElastiCache::CacheCluster"),
        *("AWS::ElastiCache::ReplicationGroup", "AWS::Neptune::DBCluster", "AWS::RDS::DBCluster"),
        *("AWS::RDS::DBInstance", "AWS::Redshift::Cluster"),
    }
)
_PARAMETER = re.compile(
    r"(AWS::SSM::Parameter::Value<)?(List<)?"
    r"(String|Number|CommaDelimitedList|AWS::EC2::\w+(::\w+)?|AWS::Route53::HostedZone::Id)>{0,2}"
    r"|AWS::SSM::Parameter::Name"
)
_EXPORTED = (
    "The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or "
    "hyphens."
)


def refuse_unreadable(document: Mapping[str, Any], serverless: bool) -> None:
    """Check a template before its transforms.

    Args:
        document: the template.
        serverless: whether it has the transform of SAM, which adds the section Globals.

    Raises:
        ValidationError: it has an unknown section or parameter type, a null, no resources, or another version.
    """
    for path in _nulls("", document):
        raise _format(f"[{path}] 'null' values are not allowed in templates")
    if unknown := sorted(document.keys() - _SECTIONS - ({"Globals"} if serverless else set())):
        raise refuse(f"Invalid template property or properties [{', '.join(unknown)}]")
    if str(document.get("AWSTemplateFormatVersion", "2010-09-09")) != "2010-09-09":
        raise _format("unsupported value for AWSTemplateFormatVersion.")
    if not document.get("Resources"):
        raise _format("At least one Resources member must be defined.")
    for slot in (document.get("Parameters") or {}).values():
        if not isinstance(slot, Mapping) or "Type" not in slot:
            raise _format("Every Parameters object must contain a Type member.")
        if not _PARAMETER.fullmatch(str(slot["Type"])):
            raise _format(f"Unrecognized parameter type: {slot['Type']}")


def refuse_malformed(document: Mapping[str, Any], extended: bool) -> None:
    """Check a template after its transforms.

    Args:
        document: the template.
        extended: whether it has the transform AWS::LanguageExtensions.

    Raises:
        ValidationError: AWS would reject the template.
    """
    _refuse_mappings(document.get("Mappings") or {})
    for name, body in document["Resources"].items():
        _refuse_resource(name, body, document["Resources"], extended)
    for name, body in (document.get("Outputs") or {}).items():
        _refuse_output(name, body)
    for section in ("Conditions", "Resources", "Outputs"):
        shapes.refuse_misused(document.get(section), extended)
    _refuse_conditions(document.get("Conditions") or {}, document["Resources"])


def _refuse_mappings(mappings: Mapping[str, Any]) -> None:
    for mapping in mappings.values():
        for key, attributes in (mapping if isinstance(mapping, Mapping) else {}).items():
            if not isinstance(attributes, Mapping):
                raise _format(f"Every Mappings member {key} must be a map")
            if any(isinstance(value, Mapping) for value in attributes.values()):
                raise _format("Every Mappings attribute must be a String or a List.")


def _refuse_resource(name: str, body: Any, there: Mapping[str, Any], extended: bool) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise _format(f"Resource name {name} is non alphanumeric.")
    if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str):
        raise _format(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    if unknown := sorted(body.keys() - _ATTRIBUTES):
        raise refuse(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(body.get("Condition", ""), str):
        raise _format(f"[/Resources/{name}] Every Condition member must be a string.")
    _refuse_properties(name, body.get("Properties", {}))
    needed = body.get("DependsOn") or []
    if missing := [each for each in ([needed] if isinstance(needed, str) else needed) if each not in there]:
        told = "in the Resources block of the template"
        raise _format(f"Unresolved resource dependencies [{', '.join(missing)}] {told}")
    for key, allowed in _POLICIES.items():
        _refuse_policy(name, body, key, allowed, extended)


def _refuse_properties(name: str, properties: Any) -> None:
    if not isinstance(properties, Mapping):
        raise _format(f"[/Resources/{name}/Properties] Every Properties member must be a map")
    if len(properties) == 1 and (next(iter(properties)) == "Ref" or next(iter(properties)).startswith("Fn::")):
        raise refuse(f"{NOT_EMULATED} a function in place of all Properties [{name}]")


def _refuse_policy(name: str, body: Mapping[str, Any], key: str, allowed: tuple[str, ...], extended: bool) -> None:
    policy = body.get(key, "Delete")
    if isinstance(policy, Mapping) and extended:
        return
    if not isinstance(policy, str):
        raise _format(f"Every {key} member must be a string.")
    if policy not in allowed:
        raise _format(f"Unrecognized {key} {policy} for resource {name}")
    if policy == "Snapshot" and body["Type"] not in _WITH_SNAPSHOTS:
        raise refuse(f"Template error: resource type {body['Type']} does not support deletion policy Snapshot")


def _refuse_output(name: str, body: Any) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise _format(f"Output name {name} is non alphanumeric.")
    if not isinstance(body, Mapping) or "Value" not in body:
        raise _format("Every Outputs member must contain a Value object")
    if isinstance(body["Value"], list) or (isinstance(body["Value"], Mapping) and len(body["Value"]) != 1):
        raise _format("The Value field of every Outputs member must evaluate to a String.")
    if "Export" in body and (not isinstance(body["Export"], Mapping) or not body["Export"].get("Name")):
        raise _format(f"Output {name} is malformed. {_EXPORTED}")


def _refuse_conditions(conditions: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    if asked := sorted({name for name in _values("Ref", conditions) if name in resources}):
        told = "Cannot reference resources in the Conditions block of the template"
        raise _format(f"Unresolved dependencies [{', '.join(asked)}]. {told}")
    graph = {name: {*_values("Condition", body)} for name, body in conditions.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = ", ".join(dict.fromkeys(error.args[1]))
        raise _format(f"Circular dependency between conditions: [{circle}]") from error


def _values(key: str, value: Any) -> Iterator[str]:
    """Yield all texts under a key, anywhere in a value."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from [item] if name == key and isinstance(item, str) else _values(key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(key, item)


def _nulls(path: str, value: Any) -> Iterator[str]:
    """Yield the paths of all nulls, except in Metadata."""
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from () if key == "Metadata" else _nulls(f"{path}/{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nulls(f"{path}/{index}", item)


def _format(message: str) -> ValidationError:
    return refuse(f"Template format error: {message}")
