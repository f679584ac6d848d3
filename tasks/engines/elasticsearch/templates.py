"""Bring component templates and index templates to one form. Pure.

The server moves settings under `index.`, turns numbers into text and adds defaults, which depend on its version.
https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-indices
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.elasticsearch.answers import Product
from tasks.engines.elasticsearch import mappings
from tasks.engines.elasticsearch.notation import flat, listed, measures, scalar, scalars, without, without_nothing

OF_THE_SERVER = frozenset({"created_date", "created_date_millis", "modified_date", "modified_date_millis"})
"""Keys that the server adds, and rejects in a request."""

FIRST = 2_000_000_000
"""A very high priority that no template has."""

_STREAM = {
    "timestamp_field": {"name": "@timestamp"},
    "hidden": "false",
    "allow_custom_routing": "false",
}
_ELASTICSEARCHS = ("index.lifecycle.",)
_OPENSEARCHS = ("index.plugins.index_state_management.", "index.opendistro.index_state_management.")
"""Prefixes of lifecycle settings; each product rejects the other's."""

_SAYS_BY_BEING_THERE = ("data_stream", "lifecycle")


def component(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a component template."""
    return _finished({**_rest(body), **_template(body.get("template") or {})})


def index(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of an index template."""
    form = {
        **_rest(body),
        **_template(body.get("template") or {}),
        "index_patterns": sorted(map(str, listed(body.get("index_patterns")))),
        "composed_of": listed(body.get("composed_of")),
        "ignore_missing_component_templates": sorted(listed(body.get("ignore_missing_component_templates"))),
        "priority": priority(body) or None,
    }
    if body.get("data_stream") is not None:
        form["data_stream"] = without(scalars(body["data_stream"]), _STREAM)
    return _finished(form)


def priority(body: Mapping[str, Any]) -> int:
    """Return an index template's priority; 0 if it has none, as on the server."""
    return int(body.get("priority") or 0)


def settings(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their full keys, and values as text."""
    found = {}
    for key, value in flat(written):
        name = key if key.startswith(("index.", "archived.")) else f"index.{key}"
        found[name] = scalars(value)
    return found


def fitting(body: Mapping[str, Any], product: Product) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return a template as the product accepts it, and the omitted settings of the other product's lifecycles."""
    template = body.get("template") or {}
    written = dict(flat(template.get("settings") or {}))
    whole = {name: name if name.startswith("index.") else f"index.{name}" for name in written}
    unknown = _ELASTICSEARCHS if product.is_opensearch else _OPENSEARCHS
    others = {name for name in written if whole[name].startswith(unknown)}
    if not others:
        return body, ()
    kept = {name: item for name, item in written.items() if name not in others}
    return {**body, "template": {**template, "settings": kept}}, tuple(sorted(whole[name] for name in others))


def _template(template: Mapping[str, Any]) -> dict[str, Any]:
    form = {key: scalars(item) for key, item in template.items() if key not in ("settings", "mappings", "aliases")}
    if template.get("lifecycle") is not None:
        form["lifecycle"] = without(measures(template["lifecycle"]), {"enabled": "true"})
    return {
        **form,
        "settings": settings(template.get("settings") or {}),
        "mappings": mappings.form(template.get("mappings") or {}),
        "aliases": {name: _alias(alias or {}) for name, alias in (template.get("aliases") or {}).items()},
    }


def _alias(alias: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(alias)
    routing = written.pop("routing", None)
    both = {} if routing is None else {"index_routing": routing, "search_routing": routing}
    form = {key: item if key == "filter" else scalar(item) for key, item in {**both, **written}.items()}
    return without(without_nothing(form), {"is_hidden": "false"})


def _rest(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys without a form of their own; `_meta` is free-form and stays unchanged."""
    return {
        key: item if key == "_meta" else scalars(item)
        for key, item in body.items()
        if key not in OF_THE_SERVER and key not in ("template", "data_stream")
    }


def _finished(form: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: form[key] for key in _SAYS_BY_BEING_THERE if form.get(key) is not None}
    return {**without(without_nothing(form), {"deprecated": "false"}), **kept}


def composed(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge several `template`s in order, as an index template is composed: later ones override earlier ones."""
    whole: dict[str, Any] = {}
    for part in parts:
        for key, item in part.items():
            body = settings(item or {}) if key == "settings" else item
            whole[key] = _over(whole[key], body) if key in whole else body
    return whole


def _over(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping) or "type" in above:
        return above
    return {**below, **{key: _over(below[key], item) if key in below else item for key, item in above.items()}}
