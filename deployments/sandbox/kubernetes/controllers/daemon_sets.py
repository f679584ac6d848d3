"""DaemonSets run one pod on every node that their node selector matches.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ - maxSurge is stored but has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest, revisions, templates
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, labels_of, name_of
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.storage import Event, Key

_SOURCE = "daemonset-controller"


class DaemonSets:
    """Controls daemon sets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's daemon set, or the daemon set that owns the event's pod."""
        yield from interest.itself(event, "DaemonSet")
        yield from interest.owner(event, "Pod", "DaemonSet")

    def reconcile(self, key: Key) -> float | None:
        """Create and delete pods, replace pods of old templates, and set the status."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        revision = revisions.current(self._world, item)
        digest = labels_of(revision)[revisions.HASH]
        nodes = [node for node in self._world.all("Node") if _fits(item, node)]
        pods = {at(pod, "spec.nodeName"): pod for pod in self._world.owned(item, "Pod")}
        for node in nodes:
            if name_of(node) not in pods:
                self._make(item, name_of(node), digest)
        for name, pod in pods.items():
            if name not in {name_of(node) for node in nodes} and not is_terminating(pod):
                self._world.delete(pod)
        self._update(item, list(pods.values()), digest)
        self._tell_status(item, len(nodes), digest)
        return None

    def _make(self, item: Object, node: str, digest: str) -> None:
        pod = templates.pod_for(item, item["spec"]["template"])
        pod["metadata"]["labels"] |= {revisions.HASH: digest, "pod-template-generation": "1"}
        pod["spec"]["nodeName"] = node
        made = self._world.create(pod)
        self._world.tell(item, "SuccessfulCreate", f"Created pod: {name_of(made)}", source=_SOURCE)

    def _update(self, item: Object, pods: list[Object], digest: str) -> None:
        if item["spec"]["updateStrategy"]["type"] != "RollingUpdate":
            return
        may = templates.share(item["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"], len(pods), up=True)
        out = sum(is_terminating(pod) or not templates.is_ready(pod) for pod in pods)
        old = [pod for pod in pods if labels_of(pod).get(revisions.HASH) != digest and not is_terminating(pod)]
        broken = [pod for pod in old if not templates.is_ready(pod)]
        good = [pod for pod in old if templates.is_ready(pod)]
        for pod in [*broken, *good[: max(may - out, 0)]]:
            self._world.delete(pod)

    def _tell_status(self, item: Object, wanted: int, digest: str) -> None:
        pods = [pod for pod in self._world.owned(item, "Pod") if not is_terminating(pod)]
        ready = sum(templates.is_ready(pod) for pod in pods)
        status = {
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": wanted,
            "numberAvailable": ready,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "numberUnavailable": wanted - ready,
            "observedGeneration": item["metadata"]["generation"],
            "updatedNumberScheduled": sum(labels_of(pod).get(revisions.HASH) == digest for pod in pods),
        }
        optional = ("numberAvailable", "numberUnavailable", "updatedNumberScheduled")
        self._world.set_status(item, {name: v for name, v in status.items() if v or name not in optional})


def _fits(item: Object, node: Object) -> bool:
    wanted = at(item, "spec.template.spec.nodeSelector", {})
    return all(labels_of(node).get(name) == value for name, value in wanted.items())
