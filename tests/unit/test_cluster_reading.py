"""Reading many objects with few requests, and what a run keeps of a cluster."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster.access import Cluster
from tasks.cluster.connections import connected
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Reference
from tasks.cluster.reading import Reader, read_all
from tasks.domain.errors import Refused
from tasks.engines.kustomize.rendering import Renders
from tasks.processes import Processes


def config_map(number: int, namespace: str = "shop", kind: str = "ConfigMap") -> Reference:
    return Reference("v1", kind, namespace, f"object-{number}")


class Counted(Cluster):
    """Has some objects, and counts what it is asked."""

    def __init__(self, *there: Reference, page: int = 1000, may_list: bool = True) -> None:
        super().__init__(None, "dev")
        self.there, self.page, self.may_list = there, page, may_list
        self.read_alone: list[Reference] = []
        self.lists = 0

    def read(self, about: Reference) -> dict[str, Any] | None:
        self.read_alone.append(about)
        return self._object(about) if about in self.there else None

    def first(self, alike: Reference, limit: int) -> tuple[list[dict[str, Any]], bool]:
        self.lists += 1
        self.limit = limit
        if not self.may_list:
            raise NotPermitted("may not list")
        found = [about for about in self.there if (about.kind, about.namespace) == (alike.kind, alike.namespace)]
        return [self._object(about) for about in found[: self.page]], len(found) <= self.page

    def _object(self, about: Reference) -> dict[str, Any]:
        return {"kind": about.kind, "metadata": {"name": about.name, "namespace": about.namespace}}


def names(found: Mapping[Reference, Mapping[str, Any] | None]) -> dict[str, bool]:
    """Which of them are there."""
    assert all(live is None or live["metadata"]["name"] == about.name for about, live in found.items())
    return {about.name: live is not None for about, live in found.items()}


def test_many_of_a_kind_in_a_namespace_are_one_request() -> None:
    wanted = [config_map(number) for number in range(10)]
    cluster = Counted(*wanted[:9], config_map(99))
    assert names(read_all(cluster, wanted)) == {f"object-{number}": number < 9 for number in range(10)}
    assert (cluster.lists, cluster.read_alone) == (1, [])


def test_each_namespace_is_asked_for_by_itself() -> None:
    wanted = [config_map(number, namespace) for namespace in ("shop", "bank") for number in range(5)]
    cluster = Counted(*wanted[:5])
    assert [live is not None for live in read_all(cluster, wanted).values()] == [True] * 5 + [False] * 5
    assert (cluster.lists, cluster.read_alone) == (2, [])


def test_what_is_not_on_the_first_page_is_read_alone() -> None:
    wanted = [config_map(number) for number in range(6)]
    cluster = Counted(*wanted[:5], page=4)
    assert list(names(read_all(cluster, wanted)).values()) == [True] * 5 + [False]
    assert sorted(map(str, cluster.read_alone)) == sorted(map(str, wanted[4:]))


@pytest.mark.parametrize(("wanted", "most"), [(5, 105), (25, 525), (300, 800)])
def test_what_nobody_wants_is_no_more_than_a_few_pages(wanted: int, most: int) -> None:
    cluster = Counted()
    read_all(cluster, [config_map(number) for number in range(wanted)])
    assert cluster.limit == most


@pytest.mark.parametrize("wanted", [3, 8])
def test_few_objects_and_secrets_are_read_alone(wanted: int) -> None:
    alike = [config_map(number, kind="ConfigMap" if wanted < 4 else "Secret") for number in range(wanted)]
    cluster = Counted(*alike)
    assert all(read_all(cluster, alike).values())
    assert (cluster.lists, len(cluster.read_alone)) == (0, wanted)


def test_who_may_not_list_reads_alone() -> None:
    wanted = [config_map(number) for number in range(5)]
    cluster = Counted(*wanted, may_list=False)
    assert all(read_all(cluster, wanted).values())
    assert len(cluster.read_alone) == 5


def test_whoever_asks_again_gets_what_is_there_then() -> None:
    wanted = [config_map(number) for number in range(5)]
    cluster = Counted(*wanted)
    reader = Reader(cluster, wanted)
    cluster.there = ()
    assert reader.read(wanted[0]) is not None
    assert reader.read(wanted[0]) is None


def kubeconfig(folder: Path, server: str = "https://127.0.0.1:1") -> dict[str, str]:
    """The variables that lead to a cluster."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("dev-plan", "dev-apply")],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(content))
    return {"KUBECONFIG": str(file), "HELM_KUBECONTEXT": "dev-plan"}


def test_a_run_has_one_connection_to_a_cluster_as_an_identity(tmp_path: Path) -> None:
    run, plan = Processes(), kubeconfig(tmp_path)
    apply = {**plan, "HELM_KUBECONTEXT": "dev-apply"}
    assert connected(run, plan, "flowmart") is connected(run, dict(plan), "flowmart")
    assert connected(run, plan, "flowmart") is not connected(run, apply, "flowmart")
    assert connected(run, plan, "flowmart") is not connected(run, {**plan, "AWS_SESSION_TOKEN": "new"}, "flowmart")
    assert connected(run, plan, "flowmart") is not connected(Processes(), plan, "flowmart")


def test_a_kubeconfig_that_changes_is_read_anew(tmp_path: Path) -> None:
    run, variables = Processes(), kubeconfig(tmp_path)
    before = connected(run, variables, "flowmart")
    kubeconfig(tmp_path, server="https://127.0.0.1:22")
    os.utime(variables["KUBECONFIG"], (1, 1))
    assert connected(run, variables, "flowmart") is not before


def test_what_several_units_ask_for_at_once_is_rendered_once() -> None:
    renders, begun, go_on = Renders(), threading.Event(), threading.Event()
    count: list[int] = []

    def render() -> dict[Reference, dict[str, Any]]:
        count.append(1)
        begun.set()
        go_on.wait(60)
        return {config_map(1): {}}

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(renders.of, "base", render)
        assert begun.wait(60)
        second = pool.submit(renders.of, "base", render)
        go_on.set()
        assert first.result(60) == second.result(60) == {config_map(1): {}}
    assert count == [1]


def test_what_could_not_be_rendered_is_tried_again() -> None:
    renders = Renders()

    def refuses() -> dict[Reference, dict[str, Any]]:
        raise Refused("no kustomization")

    with pytest.raises(Refused):
        renders.of("base", refuses)
    assert renders.of("base", lambda: {config_map(1): {}}) == {config_map(1): {}}
