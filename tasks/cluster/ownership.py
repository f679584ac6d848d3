"""Who owns an object and its fields: the unit that its mark names, and the managers in its managedFields. Pure.

Every object that a unit applies carries the unit's name in an annotation, so that no other unit removes or overwrites
it. Fields belong to whoever set them last, as server-side apply keeps it in `metadata.managedFields`
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
"""The annotation of an object that existed before the unit first applied it: a rollback never removes it."""

REMOVAL = "flowmart.example/removal"
"""The annotation that says with `keep` that an object is never removed."""
OWN_ANNOTATIONS = (UNIT, ADOPTED, REMOVAL)

_HELM = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
_REPLICAS = "f:replicas"


def marked(manifest: Manifest, owner: str, *, adopted: bool) -> dict[str, Any]:
    """The manifest with the mark of the unit that owns the object."""
    metadata = manifest["metadata"]
    marks = {UNIT: owner, **({ADOPTED: "true"} if adopted else {})}
    return {**manifest, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **marks}}}


def marked_as(manifest: Manifest, live: Manifest | None) -> dict[str, Any]:
    """The manifest with the marks that the live object carries: whose it is, is not a difference in it."""
    marks = {key: value for key, value in annotated(live).items() if key in (UNIT, ADOPTED)}
    metadata = manifest["metadata"]
    merged = {**(metadata.get("annotations") or {}), **marks}
    return {**manifest, "metadata": {**metadata, **({"annotations": merged} if marks else {})}}


def owner_of(live: Manifest | None) -> str:
    """The unit that owns an object, or the Helm release; empty when nobody said."""
    found = annotated(live)
    release = "/".join(found[key] for key in _HELM if key in found)
    return found.get(UNIT) or (f"Helm release {release}" if release else "")


def is_managed(live: Manifest, manager: str) -> bool:
    """Whether `manager` ever applied it: what only has the same name is somebody else's."""
    return any(entry.get("manager") == manager for entry in _entries(live))


def is_terminating(live: Manifest | None) -> bool:
    """Whether the object is being deleted: it cannot be kept, whatever is written to it."""
    return live is not None and bool(live["metadata"].get("deletionTimestamp"))


def annotated(live: Manifest | None) -> Mapping[str, str]:
    """The annotations of an object; none when there is none."""
    return (live["metadata"].get("annotations") or {}) if live else {}


def without_autoscaled(manifest: Manifest, live: Manifest | None) -> Manifest:
    """The manifest without `spec.replicas` where an autoscaler sets them: they are not ours to set then."""
    if live is None or not _is_autoscaled(live) or "replicas" not in (manifest.get("spec") or {}):
        return manifest
    return {**manifest, "spec": {key: value for key, value in manifest["spec"].items() if key != "replicas"}}


def owned_fields(live: Manifest | None, manager: str) -> dict[str, Any]:
    """The fields that `manager` owns, as FieldsV1 of managedFields, without replicas that an autoscaler sets."""
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
    """Each manager of an object with fields that it owns, as FieldsV1; several times where it has several entries."""
    return ((str(entry.get("manager")), entry.get("fieldsV1") or {}) for entry in _entries(live))


def relevant(item: Any, owned: Any, other: Any) -> Any:
    """`item`, cut down to the fields in `owned` (FieldsV1) and to those in which it differs from `other`.

    What controllers and people write into the rest of an object is nobody's business here.
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
    """Whether a key of FieldsV1 ("k:{...}" or "v:...") is about this entry of a list."""
    if key.startswith("k:") and isinstance(entry, Mapping):
        return all(entry.get(name) == value for name, value in json.loads(key[2:]).items())
    return key.startswith("v:") and bool(json.loads(key[2:]) == entry)


def _is_autoscaled(live: Manifest) -> bool:
    """Autoscalers set replicas through the scale subresource. kubectl does too, and that is a person."""
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
