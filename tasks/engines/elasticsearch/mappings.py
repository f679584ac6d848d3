"""Bring mappings to one form: dotted names as objects, numbers and booleans as text, empty values omitted. Pure.

A template keeps its mappings as they were written, and an index shows them as the server interpreted them.
https://www.elastic.co/docs/reference/elasticsearch/mapping-reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.engines.elasticsearch.notation import listed, scalars, without_nothing

_LISTS = frozenset(
    {"copy_to", "match", "unmatch", "path_match", "path_unmatch", "match_mapping_type", "unmatch_mapping_type"}
)
"""Keys whose value is one string or several."""


def form(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a mapping, or of one field; a type around it, as in Elasticsearch 6, is removed."""
    inner = written.get("_doc")
    return _object(inner if set(written) == {"_doc"} and isinstance(inner, Mapping) else written, nests=True)


def _field(written: Any, *, nests: bool) -> Any:
    return _object(written, nests=nests) if isinstance(written, Mapping) else scalars(written)


def _object(written: Mapping[str, Any], *, nests: bool) -> dict[str, Any]:
    nests = nests and str(written.get("subobjects", True)).lower() != "false"
    found = {key: _part(key, item, nests=nests) for key, item in written.items()}
    if found.get("type") == "object":
        del found["type"]
    return without_nothing(found)


def _part(key: str, value: Any, *, nests: bool) -> Any:
    if key in ("_meta", "meta"):
        return value
    if key == "properties" and isinstance(value, Mapping):
        return _properties(value, nests=nests)
    if key == "fields" and isinstance(value, Mapping):
        return {name: _field(item, nests=nests) for name, item in value.items()}
    if key == "dynamic_templates":
        return [_dynamic(each, nests=nests) for each in listed(value)]
    if key == "runtime" and isinstance(value, Mapping):
        return {name: _runtime(item) for name, item in value.items()}
    return [scalars(each) for each in listed(value)] if key in _LISTS else scalars(value)


def _properties(written: Mapping[str, Any], *, nests: bool) -> dict[str, Any]:
    """Return an object's fields. `log.level` is `level` in the object `log`, unless subobjects are disabled."""
    found: dict[str, Any] = {}
    for name, item in written.items():
        field = _field(item, nests=nests)
        parts = name.split(".") if nests and all(name.split(".")) else [name]
        for part in reversed(parts[1:]):
            field = {"properties": {part: field}}
        found[parts[0]] = _together(found[parts[0]], field) if parts[0] in found else field
    return found


def _together(one: Any, other: Any) -> Any:
    """Merge an object that is written in several places, such as `log` in `log.level` and `log.logger`."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    return {
        **one,
        **{key: _together(one[key], item) if key in one else item for key, item in other.items()},
    }


def _dynamic(written: Any, *, nests: bool) -> Any:
    """Return a dynamic template. The first match among several applies, so their order is kept."""
    if not isinstance(written, Mapping):
        return written
    return {name: _rule(rule, nests=nests) for name, rule in written.items()}


def _rule(written: Any, *, nests: bool) -> Any:
    if not isinstance(written, Mapping):
        return written
    special = {"mapping": lambda item: _field(item, nests=nests), "runtime": _runtime}
    return {
        key: special[key](item) if key in special else _part(key, item, nests=nests) for key, item in written.items()
    }


def _runtime(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    script = written.get("script")
    source = {"source": script} if isinstance(script, str) else script
    if isinstance(source, Mapping):
        source = {key: item for key, item in source.items() if (key, item) != ("lang", "painless")}
    return without_nothing({**scalars({k: v for k, v in written.items() if k != "script"}), "script": source})
