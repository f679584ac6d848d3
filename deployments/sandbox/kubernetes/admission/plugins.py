"""Admission plugins as on a real cluster: they complete objects or reject them, based on their namespace.

Service accounts, limit ranges, priority classes, Pod Security, policies and quotas run in the order of the API
server's plugins.
"""

from __future__ import annotations

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.escalation import require_no_escalation
from deployments.sandbox.kubernetes.access.rbac import Rbac
from deployments.sandbox.kubernetes.admission import policies, quotas, security
from deployments.sandbox.kubernetes.admission.policies import Attempt
from deployments.sandbox.kubernetes.asking import Asking
from deployments.sandbox.kubernetes.objects import annotations_of, at, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object, Resource, built_in
from deployments.sandbox.kubernetes.storage import Store, key

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Admission:
    """The admission plugins of one cluster."""

    def __init__(self, store: Store, rbac: Rbac) -> None:
        self._store = store
        self._rbac = rbac

    def create(self, item: Object, resource: Resource, asking: Asking) -> None:
        """Complete a new object in place, or reject it.

        Args:
            item: The object, which the caller must own.
            resource: Its kind.
            asking: The request's circumstances, which collect warnings.

        Raises:
            ApiError: 403 in most cases; a policy may choose another code.
        """
        require_no_escalation(self._rbac, item, resource, asking)
        if resource.kind == "Pod" and not resource.custom:
            self._service_account(item, resource)
            self._limit_range(item)
            self._priority(item, resource)
        if resource.kind == "PersistentVolumeClaim" and not resource.custom:
            self._storage_class(item)
        security.require_secure(self._store, item, resource, asking)
        policies.require_admitted(self._store, Attempt(policies.CREATE, resource, "", None, item, asking))
        quotas.require_room(self._store, item, resource)

    def update(self, before: Object, after: Object, resource: Resource, asking: Asking, part: str) -> None:
        """Check that a change is admitted.

        Args:
            before: The object as stored.
            after: The object after the change.
            resource: Its kind.
            asking: The request's circumstances, which collect warnings.
            part: The subresource; empty for the object itself.

        Raises:
            ApiError: 403 in most cases; a policy may choose another code.
        """
        if not part and any(before.get(name) != after.get(name) for name in ("rules", "roleRef", "subjects")):
            require_no_escalation(self._rbac, after, resource, asking)
        if not part and before.get("spec") != after.get("spec"):
            security.require_secure(self._store, after, resource, asking)
        policies.require_admitted(self._store, Attempt(policies.UPDATE, resource, part, before, after, asking))

    def delete(self, item: Object, resource: Resource, asking: Asking) -> None:
        """Check that a deletion is admitted.

        Raises:
            ApiError: A policy denies the deletion. The policy chooses the code.
        """
        policies.require_admitted(self._store, Attempt(policies.DELETE, resource, "", item, None, asking))

    def _service_account(self, item: Object, resource: Resource) -> None:
        spec, namespace = item["spec"], namespace_of(item)
        name = spec.setdefault("serviceAccountName", "default")
        spec.setdefault("serviceAccount", name)
        if self._store.get(key(built_in("ServiceAccount"), namespace, name)) is None:
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise status.forbidden(resource, str(item["metadata"].get("name", "")), why)

    def _limit_range(self, item: Object) -> None:
        for limits in self._store.of_kind(built_in("LimitRange"), namespace_of(item)):
            for limit in limits["spec"].get("limits") or ():
                if limit.get("type") == "Container":
                    _limit(item["spec"], limit)

    def _storage_class(self, item: Object) -> None:
        classes = self._store.of_kind(built_in("StorageClass"))
        default = next((c for c in classes if annotations_of(c).get(_DEFAULT_CLASS) == "true"), None)
        if default is not None:
            item["spec"].setdefault("storageClassName", name_of(default))

    def _priority(self, item: Object, resource: Resource) -> None:
        name = at(item, "spec.priorityClassName")
        if not name:
            item["spec"].setdefault("priority", 0)
            return
        found = self._store.get(key(built_in("PriorityClass"), "", name))
        if found is None:
            why = f"no PriorityClass with name {name} was found"
            raise status.forbidden(resource, str(item["metadata"].get("name", "")), why)
        item["spec"]["priority"] = found["value"]


def _limit(spec: Object, limit: Object) -> None:
    """Set the defaults of a limit range in containers that do not set these limits and requests."""
    for container in spec.get("containers", ()):
        resources = container.setdefault("resources", {})
        given, asked = limit.get("default") or {}, limit.get("defaultRequest") or {}
        limits = {**given, **(resources.get("limits") or {})}
        requests = {**limits, **asked, **(resources.get("limits") or {}), **(resources.get("requests") or {})}
        resources |= {name: value for name, value in (("limits", limits), ("requests", requests)) if value}
