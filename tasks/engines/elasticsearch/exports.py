"""Find the objects in a file: a body, or a response of the API for one or several objects. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.engines.elasticsearch import shapes
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, TEMPLATE, Body

_WRAPPERS = {
    COMPONENT: ("component_templates", "component_template"),
    TEMPLATE: ("index_templates", "index_template"),
}
_KNOWN = {
    COMPONENT: ("template",),
    TEMPLATE: ("index_patterns",),
    PIPELINE: ("processors",),
    ILM: ("policy", "phases"),
    ISM: ("policy", "states"),
}
"""{kind: keys, of which its bodies have at least one}."""


def objects(kind: str, stem: str, content: Any, where: str) -> Iterator[tuple[str, Body]]:
    """Yield the objects in a file, each with its name.

    Args:
        kind: the kind of the folder that the file is in.
        stem: the file's name, for an object without a name of its own.
        content: the parsed file.
        where: the file, for messages.

    Raises:
        InvalidInput: the file holds no object of the kind.
    """
    found = list(_objects(kind, stem, content))
    for name, body in found:
        if not isinstance(body, Mapping) or not any(key in body for key in _KNOWN[kind]):
            keys = " or ".join(f"`{key}`" for key in _KNOWN[kind])
            raise InvalidInput(f"{where}: {name} is not a valid {kind.replace('-', ' ')}: it has no {keys}")
        shapes.require(kind, body, f"{where}: {name}")
        yield name, body
    if not found:
        raise InvalidInput(f"{where}: has no {kind.replace('-', ' ')} in it")


def _objects(kind: str, stem: str, content: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(content, Mapping):
        yield stem, content
    elif kind in _WRAPPERS:
        yield from _templates(kind, stem, content)
    elif kind == ISM:
        yield from _ism(stem, content)
    elif any(key in content for key in _KNOWN[kind]) or not _is_by_name(kind, content):
        yield stem, content
    else:
        # GET /_ingest/pipeline and GET /_ilm/policy respond with bodies by name.
        for name, body in content.items():
            yield name, {"policy": body.get("policy", body)} if kind == ILM else body


def _templates(kind: str, stem: str, content: Body) -> Iterator[tuple[str, Any]]:
    several, one = _WRAPPERS[kind]
    for each in _several(content, several):
        if isinstance(each, Mapping) and isinstance(each.get(one), Mapping):
            yield str(each.get("name") or stem), each[one]
        else:
            yield stem, each


def _ism(stem: str, content: Body) -> Iterator[tuple[str, Any]]:
    for each in _several(content, "policies"):
        policy = each.get("policy") if isinstance(each, Mapping) else None
        own = policy.get("policy_id") if isinstance(policy, Mapping) else None
        yield str((each.get("_id") or own or stem) if isinstance(each, Mapping) else stem), each


def _several(content: Body, key: str) -> list[Any]:
    found = content.get(key)
    return found if isinstance(found, list) else [content]


def _is_by_name(kind: str, content: Body) -> bool:
    keys = _KNOWN[kind]
    return bool(content) and all(
        isinstance(body, Mapping) and any(key in body for key in keys) for body in content.values()
    )
