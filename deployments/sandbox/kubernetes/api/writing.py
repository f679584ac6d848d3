"""Create, change and delete objects as requests ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.api import bodies, reading
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.asking import Asking, User
from deployments.sandbox.kubernetes.deletes import Deletes, options
from deployments.sandbox.kubernetes.patches.json_patch import json_patch
from deployments.sandbox.kubernetes.patches.merge import json_merge
from deployments.sandbox.kubernetes.patches.strategic import strategic_merge
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.storage import Store
from deployments.sandbox.kubernetes.writes import Writes

Query = Mapping[str, str]


def asking(user: User, query: Query, agent: str) -> Asking:
    """Return the circumstances of a write.

    Args:
        user: The user who sends the request.
        query: The request's `dryRun`, `fieldManager` and `fieldValidation`.
        agent: The User-Agent header. Its program name is the field manager if the query has none.

    Raises:
        ApiError: 400 if an option is invalid.
    """
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        raise status.bad_request(f'invalid dry run option: "{dry_run}": must be All')
    manager = query.get("fieldManager") or agent.split("/", 1)[0] or "unknown"
    level = query.get("fieldValidation") or "Warn"
    if level not in ("Strict", "Warn", "Ignore"):
        raise status.bad_request(f'invalid fieldValidation: "{level}": must be Ignore, Warn or Strict')
    return Asking(user, manager, dry_run == "All", level)


def create(writes: Writes, address: Address, item: Object, by: Asking) -> Object:
    """Handle POST: create an object and return it."""
    return writes.create(address.resource, address.namespace, item, by)


def replace(writes: Writes, address: Address, item: Object, by: Asking) -> Object:
    """Handle PUT: replace an object and return it."""
    return writes.update(address.resource, address.namespace, address.name, lambda _: item, by, address.part)


def patch(writes: Writes, address: Address, kind: str, body: Any, by: Asking) -> Object:
    """Handle PATCH, except server-side apply, and return the object.

    Raises:
        ApiError: 415 if the kind of patch is not supported, 400 if the patch is malformed.
    """
    change = _changes(address, kind, body)
    return writes.update(address.resource, address.namespace, address.name, change, by, address.part)


def _changes(address: Address, kind: str, body: Any) -> Callable[[Object], Object]:
    if kind == bodies.JSON_PATCH:
        return lambda current: json_patch(current, body)
    if not isinstance(body, dict):
        raise status.bad_request(f"a patch of type {kind} must be an object")
    if kind == bodies.MERGE_PATCH:
        return lambda current: json_merge(current, body)
    if kind == bodies.STRATEGIC_PATCH and not address.resource.custom:
        declared = type_of(address.resource)
        return lambda current: strategic_merge(current, body, declared)
    known = [name for name in bodies.PATCHES if name != bodies.STRATEGIC_PATCH or not address.resource.custom]
    raise status.unsupported_media_type(kind, known)


def apply(writes: Writes, address: Address, item: Object, query: Query, by: Asking) -> tuple[Object, int]:
    """Apply an object server-side, and return it with the HTTP status.

    Raises:
        ApiError: 422 without `fieldManager`, 400 without apiVersion or kind.
    """
    if not query.get("fieldManager"):
        causes = [status.required("fieldManager", "is required for apply patch")]
        raise status.invalid(address.resource, address.name, causes)
    for name in ("apiVersion", "kind"):
        if not item.get(name):
            raise status.bad_request(f"{name} must be set in an apply patch")
    force = query.get("force") in ("1", "true")
    resource, namespace, part = address.resource, address.namespace, address.part
    applied, created = writes.apply(resource, namespace, address.name, item, by, force, part)
    return applied, 201 if created else 200


def delete(deletes: Deletes, address: Address, body: Object, query: Query, by: Asking) -> tuple[Object, int]:
    """Handle DELETE of one object.

    Returns:
        The object if it is still there, otherwise a Status; and the HTTP status.
    """
    if "All" in (body.get("dryRun") or ()):
        by.dry_run = True
    chosen = options(body, query.get("propagationPolicy", ""), query.get("gracePeriodSeconds", ""))
    resource = address.resource
    item, gone = deletes.delete(resource, address.namespace, address.name, chosen, by)
    if not gone:
        return reading.in_version(item, resource), 200
    details = {"name": address.name, "kind": resource.plural, "uid": item["metadata"]["uid"]}
    details |= {"group": resource.group} if resource.group else {}
    answer = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return answer, 200


def delete_many(
    store: Store, deletes: Deletes, address: Address, body: Object, query: Query, by: Asking
) -> list[Object]:
    """Handle DELETE of a collection. Return the selected objects as they were before."""
    found = reading.selected(store, address, query)
    for item in found:
        metadata = item["metadata"]
        one = Address(address.resource, metadata.get("namespace", ""), metadata["name"])
        delete(deletes, one, body, query, by)
    return found


def scale_after(shown: Object, kind: str, body: Any) -> Object:
    """Return a Scale object after a patch."""
    if kind == bodies.JSON_PATCH:
        return json_patch(shown, body)
    merged: Object = json_merge(shown, body)
    return merged
