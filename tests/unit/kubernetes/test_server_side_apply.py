"""Server-side apply on bare objects.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ and KEP-555.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.sandbox.kubernetes.patches import ownership
from deployments.sandbox.kubernetes.patches.apply import Intent, apply
from deployments.sandbox.kubernetes.patches.ownership import APPLY, UPDATE, Manager, Owners, difference
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.status import ApiError

DEPLOYMENT, CONFIG = type_of(built_in("Deployment")), type_of(built_in("ConfigMap"))
OURS, THEIRS = Manager("ours", APPLY, "apps/v1"), Manager("theirs", APPLY, "apps/v1")


class Live:
    """An object and its owners, as they become by applying and updating."""

    def __init__(self, kind: Any = DEPLOYMENT) -> None:
        self.kind = kind
        self.item: Object = {}
        self.owners: Owners = {}

    def apply(self, wanted: Object, manager: Manager = OURS, force: bool = False) -> None:
        self.item, self.owners = apply(self.item, self.owners, Intent(wanted, manager, force), self.kind, "now")

    def update(self, after: Object, manager: str = "hand") -> None:
        changed = difference(self.item, after, self.kind)
        self.owners = ownership.after_update(self.owners, Manager(manager, UPDATE, "apps/v1"), changed, "now")
        self.item = after

    def fields(self, name: str) -> Any:
        return next(e["fieldsV1"] for e in ownership.written(self.owners) if e["manager"] == name)


def spec(**fields: Any) -> Object:
    return {"spec": fields}


def test_fields_are_written_as_kubernetes_writes_them() -> None:
    """The format of FieldsV1: f: for fields, k: for items of lists with keys, a dot for the item itself."""
    live = Live()
    port = {"containerPort": 80, "protocol": "TCP"}
    live.apply(spec(template={"spec": {"containers": [{"name": "web", "image": "a", "ports": [port]}]}}))
    container = live.fields("ours")["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert container == {
        'k:{"name":"web"}': {
            ".": {},
            "f:image": {},
            "f:name": {},
            "f:ports": {
                'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}}
            },
        }
    }


def test_a_key_that_is_left_to_its_default_is_the_same_item() -> None:
    live = Live()
    ports = [{"containerPort": 80}]
    live.apply(spec(template={"spec": {"containers": [{"name": "web", "ports": ports}]}}))
    assert 'k:{"containerPort":80,"protocol":"TCP"}' in json.dumps(live.fields("ours")).replace("\\", "")


def test_what_is_no_longer_wanted_is_pruned() -> None:
    live = Live()
    live.apply(spec(replicas=2, paused=True))
    live.apply(spec(replicas=2))
    assert live.item == spec(replicas=2)


def test_what_another_manager_wants_too_is_not_pruned() -> None:
    live = Live()
    live.apply(spec(replicas=2))
    live.apply(spec(replicas=2), THEIRS)
    live.apply(spec())
    assert live.item["spec"] == {"replicas": 2}


def test_another_value_is_a_conflict_that_names_owner_and_field() -> None:
    live = Live()
    live.apply(spec(replicas=2))
    with pytest.raises(ApiError) as refused:
        live.apply(spec(replicas=3), THEIRS)
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "ours": .spec.replicas'


def test_several_conflicts_are_listed_by_manager() -> None:
    live = Live()
    live.apply(spec(replicas=2, paused=True))
    with pytest.raises(ApiError) as refused:
        live.apply(spec(replicas=3, paused=False), THEIRS)
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "ours":\n- .spec.paused\n- .spec.replicas'
    )
    assert [cause["field"] for cause in refused.value.details["causes"]] == [".spec.paused", ".spec.replicas"]


def test_force_takes_the_field_from_its_owner() -> None:
    live = Live()
    live.apply(spec(replicas=2))
    live.apply(spec(replicas=3), THEIRS, force=True)
    assert live.item == spec(replicas=3)
    assert [entry["manager"] for entry in ownership.written(live.owners)] == ["theirs"]


def test_an_update_takes_what_it_changes_without_asking() -> None:
    """ "Update" operations never conflict; the next apply does."""
    live = Live()
    live.apply(spec(replicas=2, paused=False))
    live.update(spec(replicas=5, paused=False))
    assert live.fields("hand") == {"f:spec": {"f:replicas": {}}}
    assert live.fields("ours") == {"f:spec": {"f:paused": {}}}
    with pytest.raises(ApiError, match='conflict with "hand" using apps/v1'):
        live.apply(spec(replicas=2, paused=False))


def test_an_atomic_map_is_owned_as_a_whole() -> None:
    live = Live()
    live.apply(spec(selector={"matchLabels": {"a": "1", "b": "2"}}))
    assert live.fields("ours") == {"f:spec": {"f:selector": {}}}


def test_an_item_is_removed_with_what_nobody_owns_in_it() -> None:
    live = Live()
    live.apply(spec(template={"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}}))
    for container in live.item["spec"]["template"]["spec"]["containers"]:
        container["terminationMessagePath"] = "/dev/termination-log"
    live.apply(spec(template={"spec": {"containers": [{"name": "a", "image": "1"}]}}))
    assert [c["name"] for c in live.item["spec"]["template"]["spec"]["containers"]] == ["a"]


def test_items_come_in_the_order_that_is_applied() -> None:
    live = Live()
    live.apply(spec(template={"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}))
    live.apply(spec(template={"spec": {"containers": [{"name": "b"}, {"name": "a"}]}}))
    assert [c["name"] for c in live.item["spec"]["template"]["spec"]["containers"]] == ["b", "a"]


MAPS = some.dictionaries(some.sampled_from("abcd"), some.sampled_from("12"), max_size=4)


@given(MAPS, MAPS)
def test_an_object_with_one_manager_is_what_was_applied_last(first: dict[str, str], second: dict[str, str]) -> None:
    live = Live(CONFIG)
    live.apply({"data": first})
    live.apply({"data": second})
    assert live.item.get("data", {}) == second


@given(MAPS, MAPS)
def test_applying_again_changes_nothing(ours: dict[str, str], theirs: dict[str, str]) -> None:
    live = Live(CONFIG)
    live.apply({"data": theirs}, THEIRS)
    live.apply({"data": ours}, force=True)
    before = (live.item, live.owners)
    live.apply({"data": ours})
    assert (live.item, live.owners) == before


@given(MAPS)
def test_managed_fields_are_read_as_they_were_written(data: dict[str, str]) -> None:
    live = Live(CONFIG)
    live.apply({"data": data})
    assert ownership.read(ownership.written(live.owners)) == live.owners
