"""Create and change objects. Requests and controllers write to the store only through this module.

The order is the API server's: the type's structure, defaults, rules, admission, managed fields, store. A dry run
skips only the last step.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from deployments.sandbox.kubernetes import managed, status
from deployments.sandbox.kubernetes.admission import allocation, changes, custom_rules, defaults, rules, structure
from deployments.sandbox.kubernetes.admission.plugins import Admission
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.conversion import from_kept, kept_as, to_kept
from deployments.sandbox.kubernetes.objects import clone, is_terminating, new_uid, timestamp
from deployments.sandbox.kubernetes.patches import ownership
from deployments.sandbox.kubernetes.patches.apply import Intent, apply
from deployments.sandbox.kubernetes.patches.ownership import Manager
from deployments.sandbox.kubernetes.patches.strict import require_typed
from deployments.sandbox.kubernetes.resources import Catalogue, Object, Resource, built_in
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.storage import Store, key

_NAMES = "bcdfghjklmnpqrstvwxz2456789"
_SYSTEM = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")
_UNCOUNTED = frozenset(
    [
        *(
            "ConfigMap",
            "Secret",
            "Service",
            "ServiceAccount",
            "Namespace",
            "Node",
            "Endpoints",
            "Event",
            "LimitRange",
        ),
        *(
            "ResourceQuota",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "Role",
            "RoleBinding",
            "ClusterRole",
            "Lease",
        ),
        *("ClusterRoleBinding", "StorageClass", "ControllerRevision", "HorizontalPodAutoscaler"),
    ]
)
"""Kinds whose metadata.generation the API does not count."""


class Writes:
    """Writes the objects of one cluster. Raises `ApiError` for everything that the API rejects."""

    def __init__(self, store: Store, catalogue: Catalogue, admission: Admission) -> None:
        self.store = store
        self.catalogue = catalogue
        self.admission = admission

    def create(self, resource: Resource, namespace: str, item: Object, asking: Asking) -> Object:
        """Create an object and return it as stored."""
        item = to_kept(self._structured(item, resource, asking), resource)
        resource = kept_as(resource)
        _begin(item, resource, namespace)
        self._completed(item, resource)
        place = key(resource, namespace, item["metadata"]["name"])
        if self.store.get(place):
            raise status.already_exists(resource, place.name)
        self._require_namespace(resource, namespace, place.name)
        self.admission.create(item, resource, asking)
        rules.require_valid(item, resource)
        changed = ownership.difference({}, item, type_of(resource))
        manager = Manager(asking.manager, ownership.UPDATE, item["apiVersion"])
        managed.own(item, ownership.after_update(managed.given(item), manager, changed, timestamp()))
        return item if asking.dry_run else self.store.put(place, item)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        asking: Asking,
        part: str = "",
    ) -> Object:
        """Return the object after `change`, which receives a copy of it. `part` is the subresource, or empty."""
        before = self._existing(resource, namespace, name)
        proposed = change(_asked_for(before, resource))
        _require_same(before, proposed, resource, name)
        proposed = to_kept(self._structured(proposed, resource, asking), resource)
        resource = kept_as(resource)
        after = self._assembled(before, proposed, resource, part)
        self._checked(before, after, resource, asking, part)
        manager = Manager(asking.manager, ownership.UPDATE, after["apiVersion"], part)
        changed = ownership.difference(before, after, type_of(resource))
        managed.own(after, ownership.after_update(managed.decided(before, after), manager, changed, timestamp()))
        return self._put(before, after, resource, asking)

    def apply(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        wanted: Object,
        asking: Asking,
        force: bool,
        part: str = "",
    ) -> tuple[Object, bool]:
        """Apply an object server-side. Return it, and whether it was created.

        `force` takes over fields that other managers own. `part` is the subresource, or empty.
        """
        if wanted.get("metadata", {}).get("managedFields"):
            raise status.bad_request("metadata.managedFields must be nil")
        require_typed(wanted, resource, namespace, name)
        _require_no_nulls(wanted, resource, name)
        wanted = to_kept(self._structured(wanted, resource, asking), resource)
        resource = kept_as(resource)
        ignored = _ignored(resource, part)
        intent = Intent(wanted, Manager(asking.manager, ownership.APPLY, wanted["apiVersion"], part), force, ignored)
        before = self.store.get(key(resource, namespace, name))
        if before is None:
            if part:
                raise status.not_found(resource, name)
            return self._apply_new(resource, namespace, name, intent, asking), True
        _require_same(before, wanted, resource, name)
        merged, owners = apply(before, managed.given(before), intent, type_of(resource), timestamp())
        after = self._assembled(before, merged, resource, part)
        self._checked(before, after, resource, asking, part)
        managed.own(after, owners)
        return self._put(before, after, resource, asking), False

    def remove(self, resource: Resource, item: Object) -> Object:
        """Remove an object from the store, regardless of its finalizers."""
        metadata = item["metadata"]
        return self.store.remove(key(resource, metadata.get("namespace", ""), metadata["name"]))

    def _apply_new(self, resource: Resource, namespace: str, name: str, intent: Intent, asking: Asking) -> Object:
        item = clone(intent.wanted)
        item.setdefault("metadata", {})["name"] = name
        _begin(item, resource, namespace)
        wanted = Intent(clone(item), intent.manager, True, intent.ignored)
        _, owners = apply({}, {}, wanted, type_of(resource), timestamp())
        self._completed(item, resource)
        self._require_namespace(resource, namespace, name)
        self.admission.create(item, resource, asking)
        rules.require_valid(item, resource)
        managed.own(item, owners)
        return item if asking.dry_run else self.store.put(key(resource, namespace, name), item)

    def _structured(self, item: Object, resource: Resource, asking: Asking) -> Object:
        named = {"apiVersion": resource.api_version, "kind": resource.kind} | item
        if (named["apiVersion"], named["kind"]) != (resource.api_version, resource.kind):
            given = f"{named['apiVersion']}, Kind={named['kind']}"
            wanted = f"{resource.api_version}, Kind={resource.kind}"
            raise status.bad_request(f"{given} in the body does not match the expected {wanted}")
        kept, findings = structure.pruned(named, resource)
        asking.warnings += structure.check(findings, resource, asking.field_validation)
        return kept

    def _completed(self, item: Object, resource: Resource) -> None:
        metadata = item["metadata"]
        if metadata.get("generateName") and not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + "".join(secrets.choice(_NAMES) for _ in range(5))
        defaults.fill_in(item, resource)
        if not resource.custom:
            allocation.allocate(item, resource, self.store)

    def _require_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced:
            return
        kind = built_in("Namespace")
        found = self.store.get(key(kind, "", namespace))
        if found is None:
            raise status.not_found(kind, namespace)
        if is_terminating(found):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            refusal = status.forbidden(resource, name, why)
            refusal.details["causes"] = [
                {"reason": "NamespaceTerminating", "message": why, "field": "metadata.namespace"}
            ]
            raise refusal

    def _existing(self, resource: Resource, namespace: str, name: str) -> Object:
        found = self.store.get(key(resource, namespace, name))
        if found is None:
            raise status.not_found(resource, name)
        return found

    def _assembled(self, before: Object, proposed: Object, resource: Resource, part: str) -> Object:
        """Return `proposed`, with every field that this address does not set taken from `before`."""
        after: Object = clone(proposed)
        metadata, had = after.setdefault("metadata", {}), before["metadata"]
        if part == "status":
            given = metadata.get("managedFields")
            after = clone(before) | {"status": after.get("status", {})}
            if given is not None:
                after["metadata"]["managedFields"] = given
        elif resource.status:
            after.pop("status", None)
            after |= {"status": clone(before["status"])} if "status" in before else {}
        metadata = after["metadata"]
        for name in _SYSTEM:
            metadata.pop(name, None)
            metadata |= {name: had[name]} if name in had else {}
        metadata |= {name: had[name] for name in ("name", "namespace", "resourceVersion") if name in had}
        return after

    def _checked(self, before: Object, after: Object, resource: Resource, asking: Asking, part: str) -> None:
        if part != "status":
            if not resource.custom:
                allocation.keep(before, after, resource)
            defaults.fill_in(after, resource)
            if not resource.custom:
                allocation.allocate(after, resource, self.store)
            changes.require_allowed(before, after, resource)
            rules.require_valid(after, resource)
            if resource.kind not in _UNCOUNTED or resource.custom:
                _count(before, after)
        self.admission.update(before, after, resource, asking, part)

    def _put(self, before: Object, after: Object, resource: Resource, asking: Asking) -> Object:
        if after == before:
            return before
        if asking.dry_run:
            return after
        if (
            is_terminating(after)
            and not after["metadata"].get("finalizers")
            and resource.kind not in _ENDED_BY_OTHERS
        ):
            return self.remove(resource, after)
        return self.store.put(key(resource, after["metadata"].get("namespace", ""), after["metadata"]["name"]), after)


_ENDED_BY_OTHERS = ("Pod", "Namespace")
"""Kinds that their controller removes. Empty finalizers alone do not remove them."""


def _asked_for(item: Object, resource: Resource) -> Object:
    """Return a copy of a stored object, in the version of the request."""
    return from_kept(item, resource) if kept_as(resource) is not resource else clone(item)


def _begin(item: Object, resource: Resource, namespace: str) -> None:
    metadata = item.setdefault("metadata", {})
    if metadata.get("namespace") and resource.namespaced and metadata["namespace"] != namespace:
        given, wanted = metadata["namespace"], namespace
        why = "the namespace of the provided object does not match the namespace sent on the request"
        raise status.bad_request(f"{why} ({given}, {wanted})")
    if metadata.get("resourceVersion"):
        raise status.bad_request("resourceVersion should not be set on objects to be created")
    for name in (*_SYSTEM, "namespace"):
        metadata.pop(name, None)
    metadata |= {"namespace": namespace} if resource.namespaced else {}
    metadata |= {"uid": new_uid(), "creationTimestamp": timestamp()}
    if resource.kind not in _UNCOUNTED or resource.custom:
        metadata["generation"] = 1
    if resource.status:
        item.pop("status", None)


def _ignored(resource: Resource, part: str) -> tuple[str, ...]:
    """Return the top-level fields that an apply to this address does not set."""
    if part == "status":
        return ("spec", "data")
    return ("status",) if resource.status else ()


def _require_no_nulls(item: Object, resource: Resource, name: str) -> None:
    """Reject nulls that a custom resource's schema does not allow. In built-in kinds, null means absent."""
    causes = list(custom_rules.null_fields(item, type_of(resource))) if resource.custom else []
    if causes:
        raise status.invalid(resource, name, custom_rules.refused_nulls(causes, type_of(resource)))


def _require_same(before: Object, proposed: Object, resource: Resource, name: str) -> None:
    metadata = proposed.get("metadata") or {}
    if metadata.get("name", name) != name:
        given = metadata["name"]
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    if metadata.get("uid", before["metadata"]["uid"]) != before["metadata"]["uid"]:
        given, has = metadata["uid"], before["metadata"]["uid"]
        why = f"Precondition failed: UID in precondition: {given}, UID in object meta: {has}"
        raise status.conflict(resource, name, why)
    revision = metadata.get("resourceVersion")
    if revision and revision != before["metadata"]["resourceVersion"]:
        raise status.conflict(resource, name)


def _count(before: Object, after: Object) -> None:
    """Increase metadata.generation if anything but metadata or status changed."""
    wanted = [{n: v for n, v in item.items() if n not in ("metadata", "status")} for item in (before, after)]
    if wanted[0] != wanted[1]:
        after["metadata"]["generation"] = before["metadata"].get("generation", 1) + 1
