"""Delete objects: finalizers, grace periods, and the fate of dependents.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and .../overview/working-with-objects/finalizers/

Some deletions are only marked here. The controllers in `garbage.py`, `namespaces.py` and `pods.py` finish them.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.objects import at, clone, is_terminating, timestamp, uid_of
from deployments.sandbox.kubernetes.owners import Owners
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.storage import Store, key
from deployments.sandbox.kubernetes.writes import Writes

BACKGROUND, FOREGROUND, ORPHAN = "Background", "Foreground", "Orphan"
FOREGROUND_FINALIZER = "foregroundDeletion"


@dataclass(frozen=True)
class Options:
    """A request's DeleteOptions. `grace` is in seconds; `None` means the object's own grace period."""

    propagation: str = BACKGROUND
    grace: int | None = None
    uid: str = ""
    revision: str = ""


def options(body: Object, propagation: str = "", grace: str = "") -> Options:
    """Read the options of a deletion from the request's body and query. The body takes precedence.

    Args:
        body: A DeleteOptions object, or an empty object.
        propagation: The query's `propagationPolicy`, empty if absent.
        grace: The query's `gracePeriodSeconds`, empty if absent.

    Raises:
        ApiError: 400 if the propagation policy is unknown.
    """
    chosen = body.get("propagationPolicy") or propagation
    if not chosen:
        chosen = ORPHAN if body.get("orphanDependents") else BACKGROUND
    if chosen not in (BACKGROUND, FOREGROUND, ORPHAN):
        raise status.bad_request(f'invalid propagation policy "{chosen}": must be Background, Foreground or Orphan')
    seconds = body.get("gracePeriodSeconds", int(grace) if grace else None)
    return Options(chosen, seconds, at(body, "preconditions.uid", ""), at(body, "preconditions.resourceVersion", ""))


class Deletes:
    """Deletes objects of one cluster."""

    def __init__(self, store: Store, writes: Writes, owners: Owners) -> None:
        self._store = store
        self._writes = writes
        self._owners = owners

    def delete(
        self, resource: Resource, namespace: str, name: str, chosen: Options, asking: Asking
    ) -> tuple[Object, bool]:
        """Delete an object, or mark it for deletion.

        A dry run stops after admission and changes nothing.

        Args:
            resource: The object's kind.
            namespace: The object's namespace.
            name: The object's name.
            chosen: The options of the deletion.
            asking: The request's circumstances.

        Returns:
            The object in its current or last state, and whether the store no longer has it.

        Raises:
            ApiError: 404 if the object does not exist, 409 if a precondition fails, or an error of admission.
        """
        item = self._store.get(key(resource, namespace, name))
        if item is None:
            raise status.not_found(resource, name)
        _require(item, resource, name, chosen)
        self._writes.admission.delete(item, resource, asking)
        if asking.dry_run:
            return item, False
        if chosen.propagation == ORPHAN:
            self._orphan(item)
        marked = _marked(item, resource, chosen, bool(self._owners.dependents(uid_of(item))))
        if marked is None:
            return self._writes.remove(resource, item), True
        if marked == item:
            return item, False
        return self._store.put(key(resource, namespace, name), marked), False

    def _orphan(self, owner: Object) -> None:
        """Remove references to `owner` from its dependents, so that they survive it."""
        for place in self._owners.dependents(uid_of(owner)):
            found = self._store.get(place)
            if found is not None:
                self._store.put(place, without_owner(found, uid_of(owner)))


def without_owner(item: Object, uid: str) -> Object:
    """Return a copy of `item` without references to the owner that has this uid."""
    changed: Object = clone(item)
    kept = [r for r in changed["metadata"].get("ownerReferences", ()) if r["uid"] != uid]
    changed["metadata"].pop("ownerReferences", None)
    changed["metadata"] |= {"ownerReferences": kept} if kept else {}
    return changed


def _require(item: Object, resource: Resource, name: str, chosen: Options) -> None:
    metadata = item["metadata"]
    if chosen.uid and chosen.uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {chosen.uid}, UID in object meta: {metadata['uid']}"
        raise status.conflict(resource, name, why)
    if chosen.revision and chosen.revision != metadata["resourceVersion"]:
        raise status.conflict(resource, name)


def _marked(item: Object, resource: Resource, chosen: Options, depended_on: bool) -> Object | None:
    """Return a copy of the object marked for deletion, or `None` if it can be deleted at once."""
    finalizers = list(item["metadata"].get("finalizers") or ())
    if chosen.propagation == FOREGROUND and depended_on and FOREGROUND_FINALIZER not in finalizers:
        finalizers.append(FOREGROUND_FINALIZER)
    grace = _grace(item, resource, chosen)
    if not finalizers and not grace and resource.kind != "Namespace":
        return None
    marked: Object = clone(item)
    metadata = marked["metadata"]
    if not is_terminating(item):
        metadata |= {"deletionTimestamp": timestamp(), "deletionGracePeriodSeconds": grace}
    metadata |= {"finalizers": finalizers} if finalizers else {}
    if resource.kind == "Namespace":
        marked["status"] = {**marked.get("status", {}), "phase": "Terminating"}
    return marked


def _grace(item: Object, resource: Resource, chosen: Options) -> int:
    """Return the grace period in seconds. Only pods that are on a node have one."""
    if resource.kind != "Pod" or resource.custom or not at(item, "spec.nodeName"):
        return 0
    if chosen.grace is not None:
        return max(chosen.grace, 0)
    return int(at(item, "spec.terminationGracePeriodSeconds", 30))
