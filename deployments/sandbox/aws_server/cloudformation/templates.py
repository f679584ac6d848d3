"""A template with its parameters: its resources, their order, and the values of their properties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from deployments.sandbox.aws_server.cloudformation import (
    extensions,
    parameters,
    quotas,
    rules,
    serverless,
    structure,
)
from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER, NOTHING, Values, is_later, refuse
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.loading import parsed

__all__ = ["LATER", "Template"]

_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


@dataclass(frozen=True)
class Template:
    """The text of a template in one stack, with the values of its parameters."""

    text: str
    parameters: Mapping[str, str]
    stack_id: str
    stack_name: str
    account: str
    region: str
    exports: Callable[[], Mapping[str, str]] = field(default=dict, compare=False)
    """Returns {name: value} of the exports of other stacks in this account and region."""
    lookup: Callable[[str], str] = field(default=str, compare=False)
    """Returns the value of a parameter in Systems Manager, given its name."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed template after its transforms; a ValidationError if AWS rejects it or it is not emulated."""
        found = self._written
        names = extensions.transforms(found)
        if "Hooks" in found:
            raise refuse("the sandbox does not emulate Hooks in templates")
        if extensions.EXTENSIONS in names:
            found = extensions.expanded(found, self._values(found, {}))
        if serverless.SERVERLESS in names:
            found = serverless.expanded(found, self._given, self.account, self.region)
        quotas.refuse_much(found)
        structure.refuse_malformed(found, extended=extensions.EXTENSIONS in names)
        return found

    @cached_property
    def _written(self) -> dict[str, Any]:
        """The parsed template before its transforms."""
        found = parsed(self.text)
        structure.refuse_unreadable(found, serverless=serverless.SERVERLESS in extensions.declared(found))
        return found

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """{logical id: declaration} of resources whose condition holds, each after the resources it refers to.

        Otherwise they keep the order of the template.
        """
        values = self._values(self.document, {})
        there = {name: body for name, body in self.document["Resources"].items() if _holds(body, values)}
        graph = {name: {other for other in _named(body) if other in there} for name, body in there.items()}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = ", ".join(dict.fromkeys(error.args[1]))
            raise refuse(f"Circular dependency between resources: [{circle}]") from error
        return {name: there[name] for name in _in_order(graph)}

    @cached_property
    def processed(self) -> str:
        """The text after the template's transforms; the original text if it has none."""
        document = self.document
        return json.dumps(document) if self._written.get("Transform") else self.text

    @property
    def slots(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared parameters."""
        found: Mapping[str, Mapping[str, Any]] = self._written.get("Parameters") or {}
        return found

    def policies(self, logical_id: str) -> tuple[str, str]:
        """Return the DeletionPolicy and the UpdateReplacePolicy of a resource."""
        body = self.document["Resources"][logical_id]
        usual = {"DeletionPolicy": _usual_policy(body), "UpdateReplacePolicy": "Delete"}
        found = self._values(self.document, {}).resolved({key: body.get(key, usual[key]) for key in _POLICIES})
        return found["DeletionPolicy"], found["UpdateReplacePolicy"]

    def needs(self, logical_id: str) -> frozenset[str]:
        """Return the resources that a resource refers to or depends on."""
        return frozenset(_named(self.document["Resources"].get(logical_id))) & self.resources.keys()

    def metadata(self, logical_id: str) -> Any:
        """Return the metadata of a resource, with references to resources as LATER; None if it has none."""
        body = self.document["Resources"].get(logical_id) or {}
        return self._values(self.document, {}).resolved(body.get("Metadata"))

    def properties(self, logical_id: str, made: Mapping[str, Made]) -> dict[str, Any]:
        """Return the properties of a resource; references to resources that are not in `made` are LATER."""
        declared = self.document["Resources"][logical_id].get("Properties") or {}
        found: dict[str, Any] = self._values(self.document, made).resolved(declared)
        return found

    def moved(self, logical_id: str, key: str, earlier: Template) -> tuple[str, ...]:
        """Return the sorted names of the parameters that alone make a property differ from the earlier template.

        The result is empty if the declaration itself differs.
        """
        now, before = self._declared(logical_id, key), earlier._declared(logical_id, key)
        names = {name for name in _named(now) if name in self.slots} if now == before else set()
        return tuple(sorted(name for name in names if self._given.get(name) != earlier._given.get(name)))

    def _declared(self, logical_id: str, key: str) -> Any:
        body = self.document["Resources"].get(logical_id, {})
        return (body.get("Properties") or {}).get(key)

    def outputs(self, made: Mapping[str, Made]) -> list[dict[str, Any]]:
        """Return the outputs of a stack whose resources are `made`, as DescribeStacks returns them."""
        values = self._values(self.document, made)
        declared = (self.document.get("Outputs") or {}).items()
        there = [(key, body) for key, body in declared if _holds(body, values)]
        return [
            {
                "OutputKey": key,
                "OutputValue": parameters.as_output(key, values.resolved(body["Value"])),
                "Description": str(body.get("Description", "")),
                **({"ExportName": str(values.resolved(body["Export"]["Name"]))} if "Export" in body else {}),
            }
            for key, body in there
        ]

    def asked(self) -> list[tuple[str, str]]:
        """Return (resource, attribute) for each use of GetAtt in resources and outputs whose condition holds."""
        found: dict[tuple[str, str], None] = {}

        def noted(resource: str, name: str) -> str:
            if self.resources[resource] and name:
                found[resource, name] = None
            return LATER

        values = replace(self._values(self.document, {}), attribute=noted)
        outputs = (self.document.get("Outputs") or {}).values()
        values.resolved([body.get("Properties") for body in self.resources.values()])
        values.resolved([body["Value"] for body in outputs if _holds(body, values)])
        return list(found)

    def refuse_wrong_exports(self) -> None:
        """Check the names of exports.

        Raises:
            ValidationError: a name depends on a resource, or is used twice.
        """
        names = [output["ExportName"] for output in self.outputs({}) if "ExportName" in output]
        if any(is_later(name) for name in names):
            raise refuse("Template format error: the Name of an Export cannot refer to a resource")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise refuse(f"Template format error: the Export {twice[0]} is declared more than once")

    def imports(self) -> frozenset[str]:
        """Return the names of other stacks' exports that the template uses."""
        values = self._values(self.document, {})
        return frozenset(str(values.resolved(name)) for name in _imported(self.document))

    def refuse_wrong_parameters(self) -> None:
        """Check the values of parameters.

        Raises:
            ValidationError: a parameter is missing, unknown or not allowed, or a rule of the template is broken.
        """
        parameters.refuse_wrong(self.slots, self.parameters)
        rules.refuse_broken(self.document.get("Rules") or {}, self._values(self.document, {}))

    @cached_property
    def _given(self) -> Mapping[str, Any]:
        return parameters.values(self.slots, self.parameters, self.lookup)

    def _values(self, document: Mapping[str, Any], made: Mapping[str, Made]) -> Values:
        own = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NOTHING,
            "AWS::Partition": "aws",
            "AWS::NotificationARNs": [],
        }
        declared: Mapping[str, Any] = document["Resources"]

        def attribute(resource: str, name: str) -> Any:
            kind = declared[resource]["Type"]
            return _attribute(kind, made[resource], name) if resource in made else LATER

        return Values(
            names={**self._given, **own},
            attribute=attribute,
            exported=lambda name: self.exports()[name],
            mappings=document.get("Mappings") or {},
            conditions=document.get("Conditions") or {},
        )


def _usual_policy(body: Mapping[str, Any]) -> str:
    """Return the DeletionPolicy of a resource that declares none (user guide, "DeletionPolicy attribute")."""
    in_cluster = "DBClusterIdentifier" in (body.get("Properties") or {})
    alone = body["Type"] == "AWS::RDS::DBInstance" and not in_cluster
    return "Snapshot" if alone or body["Type"] == "AWS::RDS::DBCluster" else "Delete"


def _in_order(graph: Mapping[str, Collection[str]]) -> dict[str, None]:
    """Return the names of an acyclic graph, each after the names it depends on, otherwise in the given order."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for needed in graph:
            if needed in graph[name] and needed not in found:
                visit(needed)
        found[name] = None

    for name in graph:
        if name not in found:
            visit(name)
    return found


def _attribute(kind: str, made: Made, name: str) -> Any:
    if not name:
        return made.id
    if name not in made.attributes:
        message = f"Template error: resource {kind} does not support attribute type {name} in Fn::GetAtt"
        raise refuse(message)
    return made.attributes[name]


def _holds(body: Mapping[str, Any], values: Values) -> bool:
    return "Condition" not in body or values.holds(body["Condition"])


def _imported(value: Any) -> Iterator[Any]:
    """Yield the argument of every Fn::ImportValue in a value."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from ([item] if key == "Fn::ImportValue" else _imported(item))
    elif isinstance(value, list):
        for item in value:
            yield from _imported(item)


def _named(value: Any) -> Iterator[str]:
    """Yield every logical id that a declaration may refer to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _REFERRING.get(key, _named)(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def _substituted(value: Any) -> Iterator[str]:
    yield from _IN_TEXT.findall(value if isinstance(value, str) else value[0])
    yield from _named(value)


_REFERRING: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "Ref": lambda value: [value] if isinstance(value, str) else _named(value),
    "DependsOn": lambda value: [value] if isinstance(value, str) else value,
    "Fn::GetAtt": lambda value: [value[0] if isinstance(value, list) else value.partition(".")[0]],
    "Fn::Sub": _substituted,
}
