"""StatefulSets: pods with stable names and claims, created in order.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest, revisions, templates
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, clone, is_terminating, labels_of, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Event, Key

_SOURCE = "statefulset-controller"


class StatefulSets:
    """Controls stateful sets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's stateful set, or the stateful set that owns the event's pod."""
        yield from interest.itself(event, "StatefulSet")
        yield from interest.owner(event, "Pod", "StatefulSet")

    def reconcile(self, key: Key) -> float | None:
        """Take one step and set the status."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        revision = revisions.current(self._world, item)
        pods = {_ordinal(pod): pod for pod in self._world.owned(item, "Pod")}
        try:
            self._step(item, pods, revision)
        finally:
            self._tell_status(item, revision)
        return None

    def _step(self, item: Object, pods: dict[int, Object], revision: Object) -> None:
        wanted = range(item["spec"]["replicas"])
        in_order = item["spec"]["podManagementPolicy"] == "OrderedReady"
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                self._make(item, ordinal, self._revision_for(item, ordinal, revision))
            if in_order and (pod is None or not templates.is_ready(pod)):
                # This applies even if the template was corrected since. Someone has to delete the broken pod, as
                # documented under "forced rollback".
                return
        extra = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
        for ordinal in extra[: 1 if in_order else None]:
            self._remove(item, pods[ordinal])
        if not extra:
            self._update(item, pods, revision)

    def _revision_for(self, item: Object, ordinal: int, revision: Object) -> Object:
        """Return the revision for a new pod. Below the partition, pods keep their previous template."""
        before = at(item, "status.currentRevision")
        if ordinal >= _partition(item) or not before or before == name_of(revision):
            return revision
        return self._world.get("ControllerRevision", namespace_of(item), before) or revision

    def _update(self, item: Object, pods: dict[int, Object], revision: Object) -> None:
        """Update from the highest ordinal down, one pod at a time. All pods above must be ready."""
        if item["spec"]["updateStrategy"]["type"] != "RollingUpdate":
            return
        for ordinal in sorted(pods, reverse=True):
            pod = pods[ordinal]
            if ordinal < _partition(item):
                return
            if _hash(pod) != labels_of(revision)[revisions.HASH]:
                self._remove(item, pod)
                return
            if not templates.is_ready(pod):
                return

    def _make(self, item: Object, ordinal: int, revision: Object) -> None:
        name = f"{name_of(item)}-{ordinal}"
        template = clone(revision["data"]["spec"]["template"])
        pod = templates.pod_for(item, template, name)
        pod["metadata"]["labels"] |= {
            revisions.HASH: labels_of(revision)[revisions.HASH],
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        pod["spec"] |= {"hostname": name} | ({"subdomain": s} if (s := item["spec"].get("serviceName")) else {})
        self._claims(item, name, pod)
        try:
            self._world.create(pod)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                message = f"create Pod {name} in StatefulSet {name_of(item)} failed error: {error.message}"
                self._world.tell(item, "FailedCreate", message, "Warning", _SOURCE)
            raise
        message = f"create Pod {name} in StatefulSet {name_of(item)} successful"
        self._world.tell(item, "SuccessfulCreate", message, source=_SOURCE)

    def _claims(self, item: Object, pod_name: str, pod: Object) -> None:
        for template in item["spec"].get("volumeClaimTemplates") or ():
            volume, name = template["metadata"]["name"], f"{template['metadata']['name']}-{pod_name}"
            others = [v for v in pod["spec"].get("volumes") or () if v["name"] != volume]
            pod["spec"]["volumes"] = [*others, {"name": volume, "persistentVolumeClaim": {"claimName": name}}]
            if self._world.get("PersistentVolumeClaim", namespace_of(item), name) is None:
                labels = at(item, "spec.selector.matchLabels", {})
                metadata = {"name": name, "namespace": namespace_of(item), "labels": labels}
                spec = clone(template["spec"])
                claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
                self._world.create(claim)

    def _remove(self, item: Object, pod: Object) -> None:
        if is_terminating(pod):
            return
        self._world.delete(pod)
        message = f"delete Pod {name_of(pod)} in StatefulSet {name_of(item)} successful"
        self._world.tell(item, "SuccessfulDelete", message, source=_SOURCE)

    def _tell_status(self, item: Object, revision: Object) -> None:
        pods = [pod for pod in self._world.owned(item, "Pod") if not is_terminating(pod)]
        digest = labels_of(revision)[revisions.HASH]
        updated = sum(_hash(pod) == digest for pod in pods)
        ready = sum(templates.is_ready(pod) for pod in pods)
        new, wanted = name_of(revision), item["spec"]["replicas"]
        done = updated == len(pods) == wanted and ready == wanted
        before = new if done else at(item, "status.currentRevision", new)
        status = {
            "observedGeneration": item["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentReplicas": len(pods) if before == new else len(pods) - updated,
            "updatedReplicas": updated,
            "currentRevision": before,
            "updateRevision": new,
            "collisionCount": 0,
        }
        kept = ("observedGeneration", "replicas", "availableReplicas", "collisionCount")
        self._world.set_status(item, {name: value for name, value in status.items() if value or name in kept})


def _ordinal(pod: Object) -> int:
    return int(name_of(pod).rsplit("-", 1)[1])


def _partition(item: Object) -> int:
    return int(at(item, "spec.updateStrategy.rollingUpdate.partition", 0))


def _hash(pod: Object) -> str:
    return labels_of(pod).get(revisions.HASH, "")
