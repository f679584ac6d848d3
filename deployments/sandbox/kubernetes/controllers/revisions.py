"""ControllerRevisions: the template history of a StatefulSet or DaemonSet. `kubectl rollout undo` reads it."""

from __future__ import annotations

from deployments.sandbox.kubernetes.controllers.templates import hash_of
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, clone, name_of, namespace_of, owner_reference
from deployments.sandbox.kubernetes.resources import Object

HASH = "controller-revision-hash"


def current(world: World, owner: Object) -> Object:
    """Return the revision of the owner's current template, with the highest number. Create it if needed."""
    data = _data(owner)
    known = world.owned(owner, "ControllerRevision")
    highest = max((item["revision"] for item in known), default=0)
    found = next((item for item in known if item["data"] == data), None)
    if found is None:
        found = world.create(_revision(owner, data, highest + 1))
        _forget(world, owner, known)
    elif found["revision"] < highest:
        found = world.change(found, lambda item: item.update(revision=highest + 1))
    return found


def _data(owner: Object) -> Object:
    return {"spec": {"template": {**clone(owner["spec"]["template"]), "$patch": "replace"}}}


def _revision(owner: Object, data: Object, number: int) -> Object:
    digest = hash_of(data)
    labels = {**at(owner, "spec.template.metadata.labels", {}), HASH: digest}
    metadata = {
        "name": f"{name_of(owner)}-{digest}",
        "namespace": namespace_of(owner),
        "labels": labels,
        "ownerReferences": [owner_reference(owner)],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }


def _forget(world: World, owner: Object, known: list[Object]) -> None:
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    oldest = sorted(known, key=lambda item: int(item["revision"]))
    for item in oldest[: max(len(oldest) - limit, 0)]:
        world.delete(item)
