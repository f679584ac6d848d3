"""Fields of objects: as rules write them, and where they are."""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Any

import pytest

from tasks.cluster import fields

WORKLOAD: dict[str, Any] = {
    "metadata": {"annotations": {"shop.example/sum": "1", "a~b": "2", "plain": "3"}},
    "spec": {
        "replicas": 2,
        "ports": [{"port": 80, "protocol": "TCP", "nodePort": 1}, {"port": 80, "protocol": "UDP", "nodePort": 2}],
        "hosts": [{"tls": True, "at": 1}, {"tls": False, "at": 2}, {"tls": None, "at": 3}, {"at": 4}],
        "containers": [{"name": "main.app", "image": "a"}, {"name": "side", "image": "b", "args": ["x", "y"]}],
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("spec.replicas", [2]),
        (".spec.replicas", [2]),
        ("/spec/replicas", [2]),
        ("metadata.annotations.shop.example/sum", ["1"]),
        ("/metadata/annotations/shop.example~1sum", ["1"]),
        ("/metadata/annotations/a~0b", ["2"]),
        ("metadata.annotations.*", ["1", "2", "3"]),
        ("/metadata/annotations/*", ["1", "2", "3"]),
        ("spec.containers.side.image", ["b"]),
        ("spec.containers.main.app.image", ["a"]),
        ("spec.containers[name=side].image", ["b"]),
        ("spec.containers.1.image", ["b"]),
        ("spec.containers[1].image", ["b"]),
        ("spec.containers[*].image", ["a", "b"]),
        ("spec.containers.*.image", ["a", "b"]),
        ("/spec/containers/*/image", ["a", "b"]),
        ("/spec/containers/1/args/0", ["x"]),
        ("/spec/containers/side/image", ["b"]),
        ("spec.ports[port=80,protocol=UDP].nodePort", [2]),
        ("spec.ports[port=80].nodePort", [1, 2]),
        ("/spec/ports/port=80/nodePort", [1, 2]),
        ("spec.hosts[tls=true].at", [1]),
        ("spec.hosts[tls=false].at", [2]),
        ("spec.hosts[tls=null].at", [3]),
        ("spec.hosts[tls=None].at", []),
        ("spec.hosts[tls=].at", []),
        ("spec.replica", []),
        ("spec.replicas.more", []),
        ("/spec/containers/7/image", []),
    ],
)
def test_a_path_leads_to_fields_of_an_object(path: str, found: list[object]) -> None:
    assert [reduce(getitem, location, WORKLOAD) for location in fields.located(path, WORKLOAD)] == found


def test_a_location_is_written_as_plans_print_it() -> None:
    (location,) = fields.located("/spec/containers/1/image", WORKLOAD)
    assert fields.written(WORKLOAD, location) == "spec.containers.side.image"


def test_fields_are_cut_out_of_a_copy() -> None:
    locations = [*fields.located("spec.containers.*.image", WORKLOAD), *fields.located("spec.ports[0]", WORKLOAD)]
    left = fields.without(WORKLOAD, locations)
    assert left["spec"]["containers"] == [{"name": "main.app"}, {"name": "side", "args": ["x", "y"]}]
    assert [port["protocol"] for port in left["spec"]["ports"]] == ["UDP"]
    assert WORKLOAD["spec"]["containers"][0]["image"] == "a"


def test_what_a_manager_owns_is_found_without_the_keys_of_lists() -> None:
    owned = {
        "f:spec": {
            "f:replicas": {},
            "f:ports": {'k:{"port":80,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:nodePort": {}}},
            "f:containers": {'k:{"name":"side"}': {".": {}, "f:name": {}, "f:image": {}}},
            "f:gone": {},
        }
    }
    found = sorted(fields.written(WORKLOAD, location) for location in fields.owned(owned, WORKLOAD))
    assert found == ["spec.containers.side.image", "spec.ports.1.nodePort", "spec.replicas"]


@pytest.mark.parametrize("path", ["", "/", ".", "spec.ports[port=80"])
def test_what_names_no_field_is_a_mistake(path: str) -> None:
    assert fields.fault(path)


@pytest.mark.parametrize("path", ["spec.replicas", "/spec/replicas", "spec.ports[port=80].nodePort"])
def test_what_names_a_field_is_none(path: str) -> None:
    assert fields.fault(path) == ""
