"""Strategic merge patch: like a merge patch, but lists are merged by the keys that their types declare.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
describe the directives: $patch, $retainKeys, $setElementOrder/<list> and $deleteFromPrimitiveList/<list>.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.kubernetes.objects import canonical, clone
from deployments.sandbox.kubernetes.patches.merge import interleaved
from deployments.sandbox.kubernetes.schema.types import ANYTHING, Type
from deployments.sandbox.kubernetes.status import bad_request

_ORDER, _DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge(original: Any, patch: Any, kind: Type) -> Any:
    """Return `original`, of type `kind`, with `patch` merged into it.

    Raises:
        ApiError: 400 if a list item lacks its merge key.
    """
    if not isinstance(patch, dict):
        return clone(patch)
    original = original if isinstance(original, dict) else {}
    directive = patch.get("$patch")
    if directive == "replace":
        return {name: clone(value) for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    return _merged_fields(_retained(original, patch), patch, kind)


def _retained(original: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    kept = patch.get("$retainKeys")
    return {name: value for name, value in original.items() if kept is None or name in kept}


def _merged_fields(merged: dict[str, Any], patch: dict[str, Any], kind: Type) -> dict[str, Any]:
    for name in _touched(patch):
        field = kind.field(name) or ANYTHING
        value = patch.get(name, [])
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, list):
            merged[name] = _merged_list(merged.get(name) or [], value, field, patch, name)
        else:
            merged[name] = strategic_merge(merged.get(name), value, field)
    return merged


def _touched(patch: dict[str, Any]) -> list[str]:
    """Return the fields that the patch changes, including lists that only its directives name."""
    names = [name for name in patch if not name.startswith("$")]
    by_directive = [name.split("/", 1)[1] for name in patch if name.startswith((_ORDER, _DELETE))]
    return list(dict.fromkeys(names + by_directive))


def _merged_list(original: list[Any], value: list[Any], field: Type, patch: dict[str, Any], name: str) -> list[Any]:
    if "merge" not in field.strategies:
        return [clone(item) for item in value if not _is_directive(item)]
    if any(_is_directive(item) and item["$patch"] == "replace" and len(item) == 1 for item in value):
        return [clone(item) for item in value if not _is_directive(item)]
    order = patch.get(_ORDER + name)
    if field.merge_key is None:
        return _merged_values(original, value, patch.get(_DELETE + name, []), order)
    return _merged_items(original, value, field, order)


def _is_directive(item: Any) -> bool:
    return isinstance(item, dict) and "$patch" in item


def _merged_values(original: list[Any], value: list[Any], deleted: list[Any], order: list[Any] | None) -> list[Any]:
    kept = [item for item in original if item not in deleted]
    merged = kept + [item for item in value if item not in kept]
    if order is None:
        return merged
    return [item for item in interleaved(order, merged) if item in merged]


def _merged_items(original: list[Any], value: list[Any], field: Type, order: list[Any] | None) -> list[Any]:
    key = str(field.merge_key)
    merged = {canonical(item.get(key)): item for item in original}
    for item in value:
        if key not in item:
            raise bad_request(f"map: {canonical(item)} does not contain declared merge key: {key}")
        name = canonical(item[key])
        if item.get("$patch") == "delete":
            merged.pop(name, None)
        else:
            merged[name] = strategic_merge(merged.get(name), item, field.items)
    wanted = [canonical(item.get(key)) for item in order or ()]
    names = interleaved(wanted, list(merged)) if order is not None else list(merged)
    return [merged[name] for name in names if name in merged]
