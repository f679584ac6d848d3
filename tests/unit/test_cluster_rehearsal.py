"""An object before and after, on a cluster of which controllers change objects between two questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.cluster.access import Cluster, Written
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.rehearsal import rehearse, rehearse_anew

CART = Reference("apps/v1", "Deployment", "shop", "cart")


class BusyCluster(Cluster):
    """Has one object; `busy` times somebody writes to it between reading and rehearsing."""

    def __init__(self, item: Mapping[str, Any] | None, busy: int = 0) -> None:
        super().__init__(None, "dev")
        self.item, self.busy, self.revision = item, busy, 1
        self.asked: list[tuple[object, ...]] = []

    def read(self, about: Reference) -> dict[str, Any] | None:
        self.asked.append(("read", about))
        return self._object() if self.item else None

    def apply(
        self, about: Reference, manifest: Manifest, *, force: bool = False, rehearse: bool = False, manager: str = ""
    ) -> Written | None:
        self.asked.append(("rehearse" if rehearse else "apply", about, dict(manifest), force))
        if self.busy:
            self.busy, self.revision = self.busy - 1, self.revision + 1
        return Written(self._object(), ("spec.x is deprecated",))

    def _object(self) -> dict[str, Any]:
        item = dict(self.item or {})
        return {**item, "metadata": {**item.get("metadata", {}), "resourceVersion": str(self.revision)}}


def manifest(_: Manifest | None) -> Manifest:
    return {"kind": "Deployment", "metadata": {"name": "cart"}, "spec": {"replicas": 2}}


def test_what_changed_between_reading_and_rehearsing_is_read_again() -> None:
    found = rehearse(BusyCluster({"kind": "Deployment", "metadata": {}}, busy=2), CART, manifest, force=False)
    assert found.live == found.becomes


def test_what_the_cluster_warns_of_is_said_of_the_object() -> None:
    found = rehearse(BusyCluster(None), CART, manifest, force=False)
    assert found.warnings == ("Deployment/shop/cart: spec.x is deprecated",)


def test_an_object_that_changes_all_the_time_does_not_hold_up_for_ever() -> None:
    cluster = BusyCluster({"kind": "Deployment", "metadata": {}}, busy=1000)
    rehearse(cluster, CART, manifest, force=False)
    assert len(cluster.asked) == 10


def test_an_object_that_is_being_deleted_counts_as_absent() -> None:
    cluster = BusyCluster({"kind": "Deployment", "metadata": {"deletionTimestamp": "2026-11-25T18:00:00Z"}})
    found = rehearse(cluster, CART, manifest, force=False)
    assert (found.live, found.leaving) == (None, True)
    assert cluster.asked[-1] == ("rehearse", CART, manifest(None), True)


def test_replicas_of_an_autoscaler_are_not_sent() -> None:
    scaled = {"manager": "hpa", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    cluster = BusyCluster({"kind": "Deployment", "metadata": {"managedFields": [scaled]}})
    assert rehearse(cluster, CART, manifest, force=False).sent["spec"] == {}


def test_what_takes_an_objects_place_is_rehearsed_under_a_name_that_is_free() -> None:
    cluster = BusyCluster({"kind": "Deployment", "metadata": {"name": "cart", "uid": "1"}})
    found = rehearse_anew(cluster, CART, manifest)
    (_, (what, about, sent, force)) = cluster.asked
    assert (what, force) == ("rehearse", True)
    assert isinstance(about, Reference)
    assert about.name == sent["metadata"]["name"] == "cart-anew"  # type: ignore[index]
    assert found.replaced
    assert found.sent == manifest(None)
    assert found.becomes is not None
    assert found.becomes["metadata"]["name"] == "cart"


def test_who_has_rights_by_names_only_cannot_rehearse_what_takes_an_objects_place() -> None:
    class Strict(BusyCluster):
        def apply(self, about: Reference, *_: Any, **__: Any) -> Written | None:
            raise NotPermitted(f"may not create {about}")

    found = rehearse_anew(Strict({"kind": "Deployment", "metadata": {"name": "cart"}}), CART, manifest)
    assert (found.replaced, found.becomes) == (True, None)


def test_what_a_list_said_is_not_trusted_when_the_object_has_come_meanwhile() -> None:
    cluster = BusyCluster({"kind": "Deployment", "metadata": {}})
    told: list[Manifest | None] = [None]

    def read(about: Reference) -> dict[str, Any] | None:
        return told.pop() if told else cluster.read(about)  # type: ignore[return-value]

    found = rehearse(cluster, CART, manifest, force=False, read=read)
    assert found.live == found.becomes
