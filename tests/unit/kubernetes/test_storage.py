"""The store: revisions, history, and what is left after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.sandbox.kubernetes.controllers.images import Behaviour, behaviour, called
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Key, Store, key


def place(name: str) -> Key:
    return key(built_in("ConfigMap"), "default", name)


def item(name: str) -> Object:
    return {"metadata": {"name": name, "namespace": "default", "uid": name}}


def test_every_write_has_a_revision_of_its_own_and_can_be_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "objects.sqlite")
    start = store.revision
    store.put(place("a"), item("a"))
    store.put(place("a"), item("a"))
    store.remove(place("a"))
    events = store.since(start)
    assert events is not None
    assert [(event.type, event.revision - start) for event in events] == [
        ("ADDED", 1),
        ("MODIFIED", 2),
        ("DELETED", 3),
    ]
    assert store.since(start + 2) == events[2:]


def test_a_store_that_was_never_closed_is_read_again(tmp_path: Path) -> None:
    first = Store(tmp_path / "objects.sqlite")
    first.put(place("a"), item("a"))
    first.put(place("b"), item("b"))
    first.remove(place("b"))
    again = Store(tmp_path / "objects.sqlite")
    assert again.get(place("a")) == item("a") | {"metadata": {**item("a")["metadata"], "resourceVersion": "2"}}
    assert again.get(place("b")) is None
    assert again.revision == first.revision
    assert again.since(first.revision - 1) is None


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("registry:5000/web:1.2", Behaviour.GOOD),
        ("registry:5000/web", Behaviour.GOOD),
        ("web:broken-pull-7", Behaviour.PULL),
        ("r/web:broken-crash", Behaviour.CRASH),
        ("r/web:broken-ready@sha256:00", Behaviour.READY),
        ("broken-pull/web:1", Behaviour.GOOD),
    ],
)
def test_the_tag_alone_says_what_a_container_does(image: str, expected: Behaviour) -> None:
    assert behaviour({"image": image}) is expected


def test_the_services_that_a_command_calls_are_found() -> None:
    container = {
        "command": ["sh", "-c"],
        "args": ["wget -qO- http://web:80/x && nc orders.shop.svc.cluster.local:8080"],
    }
    assert called(container) == [("web", "", 80), ("orders", "shop", 8080)]
