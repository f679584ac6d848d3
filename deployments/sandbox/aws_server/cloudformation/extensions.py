"""Applies transforms to templates: AWS::LanguageExtensions is emulated here and SAM in `serverless`; macros are not.

Source: the user guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import Values, as_text, refuse
from deployments.sandbox.aws_server.cloudformation.serverless import SERVERLESS

_LOOP = "Fn::ForEach::"
EXTENSIONS = "AWS::LanguageExtensions"


def declared(document: Mapping[str, Any]) -> list[str]:
    """Return the names in a template's section Transform, whatever they are."""
    found = document.get("Transform") or []
    names = found if isinstance(found, list) else [found]
    return [str(name.get("Name")) if isinstance(name, Mapping) else str(name) for name in names]


def transforms(document: Mapping[str, Any]) -> list[str]:
    """Return the names of a template's transforms.

    Raises:
        ValidationError: a transform is not emulated, or a loop is used without AWS::LanguageExtensions.
    """
    listed = declared(document)
    others = [name for name in listed if name not in (EXTENSIONS, SERVERLESS)]
    others += ["AWS::Include" if name == "AWS::Include" else str(name) for name in _inline(document)]
    if others:
        raise refuse(f"the sandbox does not emulate Transform {', '.join(dict.fromkeys(others))}")
    if EXTENSIONS not in listed and any(key.startswith(_LOOP) for key in document["Resources"]):
        raise refuse(f"Template format error: Fn::ForEach needs Transform: {EXTENSIONS}")
    return listed


def expanded(document: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Return the template with its loops expanded; `values` has the parameters and mappings."""
    found: dict[str, Any] = _written_out(document, values, {})
    return found


def _written_out(value: Any, values: Values, loops: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_written_out(item, values, loops) for item in value]
    if isinstance(value, str):
        return _replaced(value, loops)
    if not isinstance(value, Mapping):
        return value
    named = value.get("Ref")
    if isinstance(named, str) and named in loops:
        return loops[named]
    return dict(
        pair
        for key, item in value.items()
        for pair in (
            _iterations(item, values, loops)
            if key.startswith(_LOOP)
            else [(_replaced(key, loops), _written_out(item, values, loops))]
        )
    )


def _iterations(loop: Any, values: Values, loops: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[2], Mapping):
        raise refuse(f"Transform {EXTENSIONS} failed with: Fn::ForEach layout is incorrect")
    identifier, collection, body = loop
    for item in values.resolved(_written_out(collection, values, loops)):
        yield from _written_out(body, values, {**loops, identifier: as_text(item)}).items()


def _replaced(text: str, loops: Mapping[str, str]) -> str:
    for name, value in loops.items():
        text = text.replace(f"${{{name}}}", value)
        text = text.replace(f"&{{{name}}}", "".join(letter for letter in value if letter.isalnum()))
    return text


def _inline(value: Any) -> Iterator[str]:
    """Yield the names of the transforms inside a template."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from [item["Name"]] if key == "Fn::Transform" and isinstance(item, Mapping) else _inline(item)
    elif isinstance(value, list):
        for item in value:
            yield from _inline(item)
