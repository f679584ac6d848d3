"""Check objects against their types: unknown fields, wrong types, missing fields.

The client chooses how the API treats unknown fields (`fieldValidation`). A value of the wrong type is always
rejected. A missing required field becomes one of the `causes` of an Invalid response.
https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.quantities import quantity
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import Type, type_of
from deployments.sandbox.kubernetes.status import Cause


@dataclass
class Findings:
    """Problems of an object: `unknown` lists paths, `mistyped` lists messages."""

    unknown: list[str] = field(default_factory=list)
    mistyped: list[str] = field(default_factory=list)


def pruned(item: Object, resource: Resource) -> tuple[Object, Findings]:
    """Return the object without unknown fields and nulls, as the API stores it, and the problems."""
    findings = Findings()
    kept = _pruned(item, type_of(resource), "", findings)
    return kept, findings


def _pruned(value: Any, kind: Type, path: str, findings: Findings) -> Any:
    if kind.name and not _fits(value, kind):
        wanted = kind.format if kind.format in ("int-or-string", "quantity") else kind.name
        findings.mistyped.append(
            f"cannot unmarshal {_json_name(value)} into field {path.lstrip('.')} of type {wanted}"
        )
        return value
    if isinstance(value, dict):
        return _pruned_fields(value, kind, path, findings)
    if isinstance(value, list):
        return [_pruned(item, kind.items, f"{path}[{index}]", findings) for index, item in enumerate(value)]
    return value


def _pruned_fields(value: dict[str, Any], kind: Type, path: str, findings: Findings) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, item in value.items():
        declared = kind.field(name)
        if declared is None:
            findings.unknown.append(f"{path}.{name}".lstrip("."))
        elif item is None and declared.schema.get("nullable"):
            kept[name] = None
        elif item is None and kind.values is not None and kind.values.name == "string":
            # A map of strings has no null, so the API stores an empty string.
            kept[name] = ""
        elif item is not None:
            kept[name] = _pruned(item, declared, f"{path}.{name}", findings)
    return kept


def _fits(value: Any, kind: Type) -> bool:
    if kind.format == "int-or-string":
        return isinstance(value, str | int) and not isinstance(value, bool)
    if kind.format == "quantity":
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if kind.name in ("integer", "number"):
        whole = isinstance(value, int) or (isinstance(value, float) and (kind.name == "number" or value.is_integer()))
        return whole and not isinstance(value, bool)
    expected = {"string": str, "boolean": bool, "array": list, "object": dict}.get(kind.name)
    return expected is None or isinstance(value, expected) or value is None


def _json_name(value: Any) -> str:
    for kind, name in ((bool, "bool"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "number"


def check(findings: Findings, resource: Resource, level: str) -> list[str]:
    """Reject an object with problems, or return warnings.

    Args:
        findings: The object's problems.
        resource: Its kind.
        level: Strict, Warn or Ignore, from the request's `fieldValidation`.

    Returns:
        Warnings for the client. Empty unless `level` is Warn.

    Raises:
        ApiError: 400 for values of the wrong type, and for unknown fields if `level` is Strict.
    """
    if findings.mistyped:
        kind = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise status.bad_request(f"{kind}: json: {'; '.join(findings.mistyped)}")
    told = [f'unknown field "{path}"' for path in findings.unknown]
    if told and level == "Strict":
        raise status.bad_request(f"strict decoding error: {', '.join(told)}")
    return told if level == "Warn" else []


def missing(item: Object, resource: Resource) -> list[Cause]:
    """Return a cause for every missing field, invalid quantity, and violated enum or limit."""
    return list(_missing(item, type_of(resource), ""))


def _missing(value: Any, kind: Type, path: str) -> Iterator[Cause]:
    if isinstance(value, dict):
        yield from (status.required(f"{path}.{n}".lstrip(".")) for n in kind.required if value.get(n) is None)
        for name, item in value.items():
            declared = kind.field(name)
            if declared is not None and not (path == "" and name == "status"):
                yield from _missing(item, declared, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _missing(item, kind.items, f"{path}[{index}]")
    elif kind.format == "quantity":
        yield from _quantity(value, path)
    elif kind.schema.get("enum") and value not in kind.schema["enum"]:
        yield status.unsupported(path, value, [str(choice) for choice in kind.schema["enum"]])
    else:
        yield from _limits(value, kind, path)


def _quantity(value: Any, path: str) -> Iterator[Cause]:
    try:
        quantity(value)
    except ValueError as error:
        yield status.wrong(path, value, str(error))


def _limits(value: Any, kind: Type, path: str) -> Iterator[Cause]:
    """Check minimum, maximum and minLength."""
    schema = kind.schema
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield status.wrong(path, value, f"{path} in body should be greater than or equal to {schema['minimum']}")
        if "maximum" in schema and value > schema["maximum"]:
            yield status.wrong(path, value, f"{path} in body should be less than or equal to {schema['maximum']}")
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield status.wrong(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
