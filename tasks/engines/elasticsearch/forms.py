"""Bring every kind of object to one form, whether a file, an export or the server wrote it. Pure.

Two bodies that mean the same to the server have the same form. The form omits what the server adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks.engines.elasticsearch import policies, saved_objects, templates
from tasks.engines.elasticsearch.addresses import (
    COMPONENT,
    ILM,
    ISM,
    PIPELINE,
    SAVED_OBJECT,
    TEMPLATE,
    Body,
)
from tasks.engines.elasticsearch.notation import scalar, without, without_nothing


def form(kind: str, body: Body) -> dict[str, Any]:
    """Return the form of a body, which expresses its meaning."""
    return _FORMS[kind](body)


def sent(kind: str, body: Body) -> dict[str, Any]:
    """Return a body as the server accepts it, without what the server added to an export."""
    if kind == SAVED_OBJECT:
        return saved_objects.sent(body)
    if kind in (ILM, ISM):
        policy = body.get("policy") or body
        return {"policy": policies.sent_ism(policy) if kind == ISM else dict(policy)}
    own = {key: item for key, item in body.items() if key not in templates.OF_THE_SERVER}
    template = own.get("template")
    if kind in (COMPONENT, TEMPLATE) and isinstance(template, Mapping):
        own["template"] = _unwrapped(template)
    return own


def _pipeline(body: Body) -> dict[str, Any]:
    own = {key: item for key, item in body.items() if key not in templates.OF_THE_SERVER}
    rest = without(without_nothing(own), {"deprecated": False, "field_access_pattern": "classic"})
    version = {"version": scalar(rest["version"])} if "version" in rest else {}
    return {**rest, **version, "processors": own.get("processors") or []}


def _unwrapped(template: Body) -> dict[str, Any]:
    """Return the template with its mappings unwrapped from the type that Elasticsearch 6 had."""
    mappings = template.get("mappings")
    if isinstance(mappings, Mapping) and set(mappings) == {"_doc"}:
        return {**template, "mappings": mappings["_doc"]}
    return dict(template)


_FORMS: Mapping[str, Callable[[Body], dict[str, Any]]] = {
    ILM: policies.ilm,
    ISM: policies.ism,
    COMPONENT: templates.component,
    PIPELINE: _pipeline,
    TEMPLATE: templates.index,
    SAVED_OBJECT: saved_objects.form,
}
