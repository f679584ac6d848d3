"""Computes what a template would change in a stack: the content of a change set, as DescribeChangeSet returns it.

Source of the rules: "Change" and "ResourceChangeDetail" of the CloudFormation API reference. `Replacement` is True if
a property certainly changes that cannot be changed in place. It is Conditional if such a property may change, because
it depends on a value that is only known later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.nested import STACK
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.schemas import recreating
from deployments.sandbox.aws_server.cloudformation.templates import LATER, Template


@dataclass(frozen=True)
class Detail:
    """A property that differs; `name` is empty for an attribute of the resource.

    Attributes:
        recreation: Never, Conditionally or Always.
        static: whether the new value is already known.
        automatic: whether the change comes from CloudFormation itself and not from the template.
        causes: the parameters that alone cause the difference.
    """

    attribute: str
    name: str
    recreation: str
    static: bool
    automatic: bool = False
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The change of one resource.

    Attributes:
        action: Add, Modify, Import or Remove.
        change_set: the change set of a nested stack.
    """

    action: str
    logical_id: str
    kind: str
    physical_id: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    details: tuple[Detail, ...] = ()
    policy: str = ""
    change_set: str = ""

    @property
    def replacement(self) -> str:
        """True, False or Conditional."""
        if any(detail.recreation == "Always" and detail.static for detail in self.details):
            return "True"
        return "Conditional" if any(detail.recreation != "Never" for detail in self.details) else "False"

    @property
    def tags_only(self) -> bool:
        """Whether the stack's tags change, which the resource takes over."""
        return any(detail.attribute == "Tags" for detail in self.details)

    def replaces(self, before: Mapping[str, Any], after: Mapping[str, Any], region: str) -> bool:
        """Tell whether the change replaces the resource, now that all values are known."""
        return any(detail.recreation == "Always" for detail in _details(self.kind, before, after, region))

    def described(self) -> dict[str, Any]:
        """Return the change as DescribeChangeSet returns it."""
        return {"Type": "Resource", "ResourceChange": {key: value for key, value in self._body().items() if value}}

    def _body(self) -> dict[str, Any]:
        modify = self.action == "Modify"
        return {
            "Action": self.action,
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": self.physical_id,
            "ResourceType": self.kind,
            "Replacement": self.replacement if modify else None,
            "PolicyAction": self.policy,
            "ChangeSetId": self.change_set,
            "Scope": sorted({detail.attribute for detail in self.details}) if modify else None,
            "Details": [each for detail in self.details for each in _told(detail)] if modify else None,
            "BeforeContext": None if self.before is None else json.dumps({"Properties": self.before}),
            "AfterContext": None if self.after is None else json.dumps({"Properties": self.after}),
        }


Nested = Callable[[str, Mapping[str, Any]], tuple[str, bool]]
"""Takes logical id and properties of a nested stack; returns its change set, and whether anything changes in it."""


def differences(
    there: Mapping[str, Resource],
    template: Template,
    region: str,
    tags_differ: bool = False,
    nested: Nested = lambda *_: ("", True),
    earlier: Template | None = None,
    imports: Mapping[str, Made] = MappingProxyType({}),
) -> dict[str, Difference]:
    """Return {logical id: its change}, without resources that do not change.

    Args:
        there: the resources that the stack has.
        template: the new template of the stack.
        region: the region of the stack.
        tags_differ: whether the stack's own tags change.
        nested: plans a nested stack.
        earlier: the stack's current template, from which causes of changes are derived.
        imports: {logical id: an existing resource that becomes part of the stack}.
    """
    made = {**{name: resource.made for name, resource in there.items()}, **imports}
    found: dict[str, Difference] = {}
    for name, body in template.resources.items():
        if name not in there:
            found[name] = _added(name, body["Type"], template.properties(name, made), nested, imports.get(name))
            continue
        wanted = (body["Type"], template.properties(name, made), template.policies(name))
        difference = _explained(_difference(there[name], wanted, region, tags_differ), template, earlier)
        if body["Type"] == STACK:
            difference, made[name] = _of_nested(difference, made[name], *nested(name, wanted[1]))
        if difference.details:
            found[name] = difference
        if difference.replacement == "True":
            del made[name]
    for name, resource in there.items():
        if name not in template.resources:
            policy = resource.on_deletion.removesuffix("ExceptOnCreate")
            found[name] = Difference(
                "Remove", name, resource.kind, resource.made.id, resource.properties, policy=policy
            )
    return found


def _explained(difference: Difference, template: Template, earlier: Template | None) -> Difference:
    """Return the difference with the parameters that cause its details.

    If the resource's metadata differ, such as what cfn-init does on an instance, that is a detail, too.
    """
    if earlier is None or not earlier.text:
        return difference
    name = difference.logical_id
    details = tuple(
        replace(detail, causes=template.moved(name, detail.name, earlier)) if detail.name else detail
        for detail in difference.details
    )
    if template.metadata(name) != earlier.metadata(name):
        details = (*details, Detail("Metadata", "", "Never", static=True))
    return replace(difference, details=details)


def _added(name: str, kind: str, properties: Mapping[str, Any], nested: Nested, imported: Made | None) -> Difference:
    if imported is not None:
        return Difference("Import", name, kind, imported.id, after=properties)
    change_set, _ = nested(name, properties) if kind == STACK else ("", True)
    return Difference("Add", name, kind, after=properties, change_set=change_set)


def _of_nested(difference: Difference, made: Made, change_set: str, changes: bool) -> tuple[Difference, Made]:
    """Add the detail that every update of the parent has for a nested stack. If it changes, its outputs are LATER."""
    details = (*difference.details, Detail("Properties", "", "Never", static=False, automatic=True))
    after = Made(made.id, dict.fromkeys(made.attributes, LATER)) if changes else made
    return replace(difference, details=details, change_set=change_set), after


def _difference(
    resource: Resource, wanted: tuple[str, Mapping[str, Any], tuple[str, str]], region: str, tags_differ: bool
) -> Difference:
    kind, after, (on_deletion, on_replacement) = wanted
    if kind != resource.kind:
        raise ValidationError(message=f"Update of resource type is not permitted. [{resource.logical_id}]")
    details = [*_details(resource.kind, resource.properties, after, region)]
    if on_deletion != resource.on_deletion:
        details.append(Detail("DeletionPolicy", "", "Never", True))
    if on_replacement != resource.on_replacement:
        details.append(Detail("UpdateReplacePolicy", "", "Never", True))
    if tags_differ and _takes_tags(resource.kind):
        details.append(Detail("Tags", "", "Never", True))
    made = Difference("Modify", resource.logical_id, resource.kind, resource.made.id, resource.properties, after)
    both = replace(made, details=tuple(details))
    return both if both.replacement != "True" else replace(both, policy=f"ReplaceAnd{on_replacement}")


def _details(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], region: str) -> list[Detail]:
    differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if not differing:
        return []
    rules = recreating(kind, region)
    return [
        Detail("Properties", key, _recreation(key, rules, before, after), LATER not in json.dumps(after.get(key)))
        for key in sorted(differing)
    ]


def _recreation(key: str, rules: Mapping[str, str], before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what a change of a property requires. A rule may be about a nested property (Budget/BudgetName)."""
    for path, rule in rules.items():
        if path.split("/")[0] == key and _inside(before, path) != _inside(after, path):
            return rule
    return "Never"


def _inside(properties: Any, path: str) -> Any:
    for part in path.split("/"):
        properties = properties.get(part) if isinstance(properties, Mapping) else None
    return properties


def _takes_tags(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].takes_tags


def _told(detail: Detail) -> list[dict[str, Any]]:
    """Return a detail as DescribeChangeSet returns it: once for each parameter that causes it, and once more."""
    target = {"Attribute": detail.attribute, "RequiresRecreation": detail.recreation}
    source = "Automatic" if detail.automatic else "DirectModification" if detail.static else "ResourceReference"
    target |= {"Name": detail.name} if detail.name else {}
    caused = [
        {"Target": target, "Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": cause}
        for cause in detail.causes
    ]
    known = detail.static and not caused
    return [*caused, {"Target": target, "Evaluation": "Static" if known else "Dynamic", "ChangeSource": source}]
