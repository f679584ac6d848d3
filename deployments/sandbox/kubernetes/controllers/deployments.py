"""Deployments have one ReplicaSet per pod template, and roll out from one to the next.

The rules are those of k8s.io/kubernetes `pkg/controller/deployment`. An annotation counts revisions. If a deployment
returns to an earlier template, that template's ReplicaSet is reused under a new revision. During a rolling update
there are never fewer available pods, nor more pods in total, than the strategy allows.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest, rollout, templates
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import (
    annotations_of,
    at,
    clone,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_HASH = "pod-template-hash"
_OWN = (REVISION, _HISTORY, _DESIRED, _MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration")
_SOURCE = "deployment-controller"


class Deployments:
    """Controls deployments."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's deployment, or the owner of its replica set or deleted pod.

        Deleted pods matter because the strategy Recreate waits until the last old pod is gone.
        """
        yield from interest.itself(event, "Deployment")
        yield from interest.owner(event, "ReplicaSet", "Deployment")
        if event.type == DELETED:
            for place in interest.owner(event, "Pod", "ReplicaSet"):
                yield from self._owner(place)

    def _owner(self, place: Key) -> Iterator[Key]:
        found = self._world.store.get(place)
        if found is not None:
            yield from interest.owner(Event(0, DELETED, place, found, None), "ReplicaSet", "Deployment")

    def reconcile(self, key: Key) -> float | None:
        """Take one step of the rollout and set the status. Return seconds until the progress deadline, or `None`."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        sets = self._sets(item)
        current = next((rs for rs in sets if _template(rs) == item["spec"]["template"]), None)
        if not item["spec"].get("paused"):
            current = self._current(item, sets, current)
            self._roll(item, current, [rs for rs in self._sets(item) if name_of(rs) != name_of(current)])
        elif current:
            self._scale(item, current, item["spec"]["replicas"])
        return self._tell_status(key, current)

    def _tell_status(self, key: Key, current: Object | None) -> float | None:
        item = self._world.store.get(key)
        if item is None:
            return None
        sets = self._sets(item)
        current = next((rs for rs in sets if current and name_of(rs) == name_of(current)), None)
        status, again = rollout.status(self._world, item, sets, current)
        self._world.set_status(item, status)
        if rollout.is_complete(item, status):
            self._forget(item, [rs for rs in sets if rs is not current])
        return again

    def _sets(self, item: Object) -> list[Object]:
        return self._world.owned(item, "ReplicaSet")

    def _current(self, item: Object, sets: list[Object], found: Object | None) -> Object:
        """Return the replica set of the current template, with the highest revision. Create it if needed."""
        highest = max((_revision(rs) for rs in sets if rs is not found), default=0)
        number = str(highest + 1) if found is None or _revision(found) <= highest else str(_revision(found))
        if found is None:
            found = self._make(item, number)
        elif at(found, "metadata.annotations", {}).get(REVISION) != number or _annotations(
            item, found
        ) != annotations_of(found):
            found = self._world.change(found, lambda rs: _annotate(item, rs, number))
        if annotations_of(item).get(REVISION) != number:
            self._world.change(item, lambda d: d["metadata"].setdefault("annotations", {}).update({REVISION: number}))
        return found

    def _make(self, item: Object, number: str) -> Object:
        template = clone(item["spec"]["template"])
        digest = templates.hash_of(template)
        labels = {**(at(template, "metadata.labels", {})), _HASH: digest}
        template.setdefault("metadata", {})["labels"] = labels
        selector = clone(item["spec"]["selector"])
        selector["matchLabels"] = {**selector.get("matchLabels", {}), _HASH: digest}
        made = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{name_of(item)}-{digest}",
                "namespace": namespace_of(item),
                "labels": labels,
                "annotations": {**_annotations(item, {"metadata": {}}), REVISION: number},
                "ownerReferences": [owner_reference(item)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template}
            | {name: item["spec"][name] for name in ("minReadySeconds",) if name in item["spec"]},
        }
        return self._world.create(made)

    def _roll(self, item: Object, current: Object, old: list[Object]) -> None:
        wanted = rollout.next_step(item, current, old, self._pods_of(old))
        for rs in [current, *old]:
            self._scale(item, rs, wanted.get(name_of(rs), rs["spec"]["replicas"]))

    def _pods_of(self, sets: list[Object]) -> int:
        return sum(len(self._world.owned(rs, "Pod")) for rs in sets)

    def _scale(self, item: Object, rs: Object, replicas: int) -> None:
        had = rs["spec"]["replicas"]
        if had == replicas:
            return
        self._world.change(rs, lambda r: r["spec"].update(replicas=replicas))
        up = "up" if replicas > had else "down"
        message = f"Scaled {up} replica set {name_of(rs)} from {had} to {replicas}"
        self._world.tell(item, "ScalingReplicaSet", message, source=_SOURCE)

    def _forget(self, item: Object, old: list[Object]) -> None:
        """Delete old replica sets beyond the revision history limit."""
        idle = sorted(
            (rs for rs in old if not rs["spec"]["replicas"] and not at(rs, "status.replicas", 0)), key=_revision
        )
        for rs in idle[: max(len(idle) - item["spec"]["revisionHistoryLimit"], 0)]:
            self._world.delete(rs)


def _template(rs: Object) -> Object:
    template: Object = clone(rs["spec"]["template"])
    labels = labels_of({"metadata": template.get("metadata") or {}})
    labels.pop(_HASH, None)
    return template


def _revision(rs: Object) -> int:
    return int(annotations_of(rs).get(REVISION, 0))


def _annotations(item: Object, rs: Object) -> dict[str, str]:
    """Return the replica set's annotations, with the sizes that kubectl's proportional scaling reads."""
    replicas = item["spec"]["replicas"]
    given = {name: value for name, value in annotations_of(item).items() if name not in _OWN}
    sizes = {_DESIRED: str(replicas), _MAXIMUM: str(replicas + rollout.surge(item))}
    return {**annotations_of(rs), **given, **sizes}


def _annotate(item: Object, rs: Object, number: str) -> None:
    before = annotations_of(rs).get(REVISION)
    annotations = {**_annotations(item, rs), REVISION: number}
    if before and before != number:
        earlier = [*filter(None, annotations.get(_HISTORY, "").split(",")), before]
        annotations[_HISTORY] = ",".join(earlier)
    rs["metadata"]["annotations"] = annotations
