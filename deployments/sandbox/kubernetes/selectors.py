"""Label and field selectors of lists, watches and deletions.

Label selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
Field selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.objects import at, labels_of
from deployments.sandbox.kubernetes.resources import Object, Resource

Labels = Mapping[str, str]
Matches = Callable[[Object], bool]
_LabelTest = Callable[[Labels], bool]

_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^({_NAME})\s+(in|notin)\s*\(([^()]*)\)$")
_EQUALITY = re.compile(rf"^({_NAME})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$")
_EXISTS = re.compile(rf"^(!?)\s*({_NAME})$")
_COMMA = re.compile(r",(?![^(]*\))")

_SELECTABLE: Mapping[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "replicasets": ("status.replicas",),
    "jobs": ("status.successful",),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
}


def labels_match(selector: str) -> Callable[[Labels], bool]:
    """Parse a label selector into a test of labels.

    Raises:
        ApiError: 400 if the selector cannot be parsed.
    """
    tests = [_label_test(part.strip()) for part in _COMMA.split(selector) if part.strip()]
    return lambda labels: all(test(labels) for test in tests)


def _label_test(text: str) -> _LabelTest:
    if found := _SET.match(text):
        name, values = found[1], {value.strip() for value in found[4].split(",")}
        if found[3] == "in":
            return lambda labels: labels.get(name) in values
        return lambda labels: labels.get(name) not in values
    if found := _EQUALITY.match(text):
        name, value = found[1], found[4]
        if found[3] == "!=":
            return lambda labels: labels.get(name) != value
        return lambda labels: labels.get(name) == value
    if found := _EXISTS.match(text):
        name, wanted = found[2], not found[1]
        return lambda labels: (name in labels) == wanted
    raise status.bad_request(f"unable to parse requirement: found '{text}', expected a label selector")


def label_selector(selector: Mapping[str, Any] | None) -> Callable[[Labels], bool]:
    """Turn a LabelSelector object into a test of labels. `None` matches nothing; an empty one matches everything."""
    if selector is None:
        return lambda _: False
    wanted: dict[str, str] = selector.get("matchLabels") or {}
    tests = [_expression(expression) for expression in selector.get("matchExpressions") or ()]

    def matches(labels: Labels) -> bool:
        return all(labels.get(k) == v for k, v in wanted.items()) and all(test(labels) for test in tests)

    return matches


def _expression(expression: Mapping[str, Any]) -> _LabelTest:
    name, values = expression["key"], expression.get("values") or ()
    tests: dict[str, _LabelTest] = {
        "In": lambda labels: labels.get(name) in values,
        "NotIn": lambda labels: labels.get(name) not in values,
        "Exists": lambda labels: name in labels,
        "DoesNotExist": lambda labels: name not in labels,
    }
    return tests[expression["operator"]]


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """Format a LabelSelector object, or a plain map of labels, as a query parameter."""
    selector = selector or {}
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
    parts = [f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items())]
    return ",".join(parts + [_expression_text(e) for e in selector.get("matchExpressions") or ()])


def _expression_text(expression: Mapping[str, Any]) -> str:
    name, values = str(expression["key"]), ",".join(sorted(expression.get("values") or ()))
    texts = {"In": f"{name} in ({values})", "NotIn": f"{name} notin ({values})", "Exists": name}
    return texts.get(expression["operator"], f"!{name}")


def fields_match(resource: Resource, selector: str) -> Matches:
    """Parse a field selector into a test of objects.

    Raises:
        ApiError: 400 if the selector cannot be parsed, or if the kind does not support one of its fields.
    """
    tests = [_field_test(resource, part.strip()) for part in selector.split(",") if part.strip()]
    return lambda item: all(test(item) for test in tests)


def _field_test(resource: Resource, text: str) -> Matches:
    found = re.match(r"^([^=!]+)(==|=|!=)(.*)$", text)
    if not found:
        raise status.bad_request(f'invalid field selector "{text}"')
    path, operator, wanted = found[1], found[2], found[3]
    if path not in ("metadata.name", "metadata.namespace", *_SELECTABLE.get(resource.plural, ())):
        raise status.bad_request(f'field label not supported: {path} (of {resource.name}, in "{text}")')
    if operator == "!=":
        return lambda item: _as_text(at(item, path, "")) != wanted
    return lambda item: _as_text(at(item, path, "")) == wanted


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def combined(resource: Resource, label_text: str, field_text: str) -> Matches:
    """Combine a request's label and field selectors into one test of objects."""
    by_label, by_field = labels_match(label_text), fields_match(resource, field_text)
    return lambda item: by_label(labels_of(item)) and by_field(item)
