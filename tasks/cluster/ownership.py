"""Determines who owns an object (the unit in its mark) and its fields (the managers in its managedFields). Pure.

Every object that a unit applies carries the unit's name in an annotation, so that no other unit removes or overwrites
it. Fields belong to whoever set them last, as server-side apply records in `metadata.managedFields`
(https://kubernetes.io/docs/reference/using-api/server-side-apply/).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.cluster.objects import Manifest

UNIT = "flowmart.example/unit"
"""The annotation that names the unit that owns an object: platform/environment/unit."""
ADOPTED = "flowmart.example/adopted"
"""The annotation of an object that existed before the unit first applied it. A rollback never removes it."""

REMOVAL = "flowmart.example/removal"
"""The annotation that prevents the removal of an object if its value is `keep`."""
OWN_ANNOTATIONS = (UNIT, ADOPTED, REMOVAL)

_HELM = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
_REPLICAS = "f:replicas"


def marked(manifest: Manifest, owner: str, *, adopted: bool) -> dict[str, Any]:
    """Return the manifest with the mark of the unit that owns the object.

    Args:
        manifest: the manifest.
        owner: the owner, "platform/environment/unit".
        adopted: whether the object existed before the unit first applied it.
    """
    metadata = manifest["metadata"]
    marks = {UNIT: owner, **({ADOPTED: "true"} if adopted else {})}
    return {**manifest, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **marks}}}


def marked_as(manifest: Manifest, live: Manifest | None) -> dict[str, Any]:
    """Return the manifest with the live object's marks, so that ownership does not count as a difference."""
    marks = {key: value for key, value in annotated(live).items() if key in (UNIT, ADOPTED)}
    metadata = manifest["metadata"]
    merged = {**(metadata.get("annotations") or {}), **marks}
    return {**manifest, "metadata": {**metadata, **({"annotations": merged} if marks else {})}}


def owner_of(live: Manifest | None) -> str:
    """Return the unit or the Helm release that owns an object; empty if neither is recorded."""
    found = annotated(live)
    release = "/".join(found[key] for key in _HELM if key in found)
    return found.get(UNIT) or (f"Helm release {release}" if release else "")


def is_managed(live: Manifest, manager: str) -> bool:
    """Tell whether `manager` ever applied the object. Otherwise it only has the same name."""
    return any(entry.get("manager") == manager for entry in _entries(live))


def is_terminating(live: Manifest | None) -> bool:
    """Tell whether the object is being deleted. Nothing that is written to it can keep it."""
    return live is not None and bool(live["metadata"].get("deletionTimestamp"))


def annotated(live: Manifest | None) -> Mapping[str, str]:
    """Return the annotations of an object; empty if there is none."""
    return (live["metadata"].get("annotations") or {}) if live else {}


def without_autoscaled(manifest: Manifest, live: Manifest | None) -> Manifest:
    """Remove `spec.replicas` from the manifest if an autoscaler sets them on the live object."""
    if live is None or not _is_autoscaled(live) or "replicas" not in (manifest.get("spec") or {}):
        return manifest
    return {**manifest, "spec": {key: value for key, value in manifest["spec"].items() if key != "replicas"}}


def owned_fields(live: Manifest | None, manager: str) -> dict[str, Any]:
    """Return the fields that `manager` owns, as FieldsV1, without replicas that an autoscaler sets."""
    if live is None:
        return {}
    found: dict[str, Any] = {}
    for entry in _entries(live):
        if entry.get("manager") == manager and not entry.get("subresource"):
            found = _merged(found, entry.get("fieldsV1") or {})
    if _is_autoscaled(live) and _REPLICAS in found.get("f:spec", {}):
        found = {**found, "f:spec": {key: value for key, value in found["f:spec"].items() if key != _REPLICAS}}
    return found


def managed_fields(live: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each manager with fields that it owns, as FieldsV1. A manager with several entries is repeated."""
    return ((str(entry.get("manager")), entry.get("fieldsV1") or {}) for entry in _entries(live))


def relevant(item: Any, owned: Any, other: Any) -> Any:
    """Cut `item` down to the fields that we own and those that differ from `other`.

    What controllers and people write into the rest of an object is not our concern.

    Args:
        item: an object, or a part of one.
        owned: the fields of it that we own (FieldsV1).
        other: the same part of the object to compare with.
    """
    if owned == {}:
        return item
    if isinstance(item, Mapping):
        return dict(_relevant_keys(item, owned or {}, other if isinstance(other, Mapping) else {}))
    if isinstance(item, list):
        return list(_relevant_items(item, owned or {}, other if isinstance(other, list) else []))
    return item


def _relevant_keys(item: Mapping[str, Any], owned: Any, other: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        if f"f:{key}" in owned or value != other.get(key):
            yield key, relevant(value, owned.get(f"f:{key}"), other.get(key))


def _relevant_items(item: list[Any], owned: Any, other: list[Any]) -> Iterator[Any]:
    for entry in item:
        fields = next((owned[key] for key in owned if _selects(key, entry)), None)
        if fields is not None:
            same = next((o for o in other for key in owned if _selects(key, entry) and _selects(key, o)), None)
            yield relevant(entry, fields, same)
        elif entry not in other:
            yield entry


def _selects(key: str, entry: Any) -> bool:
    """Tell whether a key of FieldsV1 ("k:{...}" or "v:...") identifies this entry of a list."""
    if key.startswith("k:") and isinstance(entry, Mapping):
        return all(entry.get(name) == value for name, value in json.loads(key[2:]).items())
    return key.startswith("v:") and bool(json.loads(key[2:]) == entry)


def _is_autoscaled(live: Manifest) -> bool:
    """Tell whether an autoscaler sets replicas through the scale subresource. If kubectl does, that is a person."""
    return any(
        entry.get("subresource") == "scale"
        and not str(entry.get("manager")).startswith("kubectl")
        and _REPLICAS in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in _entries(live)
    )


def _entries(live: Manifest) -> list[Mapping[str, Any]]:
    return live["metadata"].get("managedFields") or []


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, **{key: _merged(one.get(key, {}), value) for key, value in other.items()}}
