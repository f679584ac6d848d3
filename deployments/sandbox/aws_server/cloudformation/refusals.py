"""Refuses change sets before anything is made, for what is not emulated and for what AWS rejects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from moto.ec2.exceptions import InvalidAMIIdError
from moto.ec2.models import ec2_backends

from deployments.sandbox.aws_server.cloudformation import existing, schemas, secure, snapshots
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference
from deployments.sandbox.aws_server.cloudformation.intrinsics import refuse
from deployments.sandbox.aws_server.cloudformation.nested import STACK
from deployments.sandbox.aws_server.cloudformation.resources import KINDS
from deployments.sandbox.aws_server.cloudformation.templates import Template

_IMAGE = re.compile(r'"(ami-[0-9a-f]{8}(?:[0-9a-f]{9})?)"')


def refuse_not_emulated(template: Template) -> None:
    """Check that everything in a template is emulated, so that no stack is left half made.

    Raises:
        ValidationError: a type, property, image, snapshot or attribute is not emulated, or an export is wrong.
    """
    there = template.resources
    if unknown := sorted(f"{body['Type']} [{name}]" for name, body in there.items() if body["Type"] not in KINDS):
        raise refuse(f"the sandbox does not emulate {', '.join(unknown)}")
    for name, body in there.items():
        if unknown := KINDS[body["Type"]].unknown(template.properties(name, {})):
            raise refuse(f"the sandbox does not emulate {', '.join(unknown)} of {body['Type']} [{name}]")
        _refuse_images(name, template)
        if "Snapshot" in template.policies(name) and body["Type"] not in snapshots.EMULATED:
            raise refuse(f"the sandbox does not emulate snapshots of {body['Type']} [{name}]")
    template.refuse_wrong_exports()
    for name, attribute in template.asked():
        _refuse_attribute(name, attribute, there[name]["Type"], template.region)


def refuse_invalid(template: Template) -> None:
    """Check properties against AWS's registry.

    Raises:
        ValidationError: AWS would reject a property.
    """
    for name, body in template.resources.items():
        if why := schemas.refusal(body["Type"], template.region, template.properties(name, {})):
            raise refuse(f"Properties validation failed for resource {name} with message: {why}")


def failure(template: Template) -> str:
    """Return why a change set with this template fails after it has been created; empty if it does not."""
    return existing.refusal(template) or secure.refusal(template)


def refuse_unchangeable(changes: Mapping[str, Difference]) -> None:
    """Check that all changes in place are emulated.

    Raises:
        ValidationError: a property would change that can only be changed on AWS.
    """
    for name, change in changes.items():
        if change.action != "Modify" or change.replacement == "True" or change.before is None:
            continue
        fixed = KINDS[change.kind].unchangeable(change.before, change.after or {})
        replaced = {detail.name for detail in change.details if detail.recreation != "Never"}
        if stuck := sorted(set(fixed) - replaced):
            raise refuse(f"the sandbox does not emulate changing {', '.join(stuck)} of {change.kind} [{name}]")


def _refuse_images(name: str, template: Template) -> None:
    """Refuse images that do not exist in the sandbox. AWS may have them, so they count as not emulated."""
    known = ec2_backends[template.account][template.region]
    for image in sorted(set(_IMAGE.findall(json.dumps(template.properties(name, {}))))):
        try:
            known.describe_images(ami_ids=[image])
        except InvalidAMIIdError as error:
            raise refuse(f"the sandbox does not emulate image {image} [{name}]") from error


def _refuse_attribute(name: str, attribute: str, kind: str, region: str) -> None:
    given = KINDS[kind].attributes
    if kind == STACK or (given is not None and attribute in given):
        return
    if given is None and attribute in schemas.attributes(kind, region):
        # Only after the resource has been made is it known if the attribute is emulated.
        return
    if attribute in schemas.attributes(kind, region):
        raise refuse(f"the sandbox does not emulate {attribute} of {kind} [{name}] for Fn::GetAtt")
    message = f"resource {kind} does not support attribute type {attribute} in Fn::GetAtt"
    raise refuse(f"Template error: {message}")
