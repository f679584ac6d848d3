"""Two renderings of a chart: what they have in common, and what was not planned."""

from __future__ import annotations

from typing import Any

from tasks.cluster.objects import indexed
from tasks.domain.values import UNKNOWN
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.rehearsing import merge_patch
from tasks.engines.helm.rendering import foretold, unplanned


def revision(*items: dict[str, Any]) -> Installed:
    return Installed(1, "rendered", indexed(items, "test"))


def config(name: str = "one", **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def test_equal_renderings_can_be_foretold() -> None:
    found = foretold(revision(config(a="1")), revision(config(a="1")))
    assert (found.installed, found.unknown) == (revision(config(a="1")), ())


def test_only_the_values_that_differ_are_unknown() -> None:
    found = foretold(revision(config(a="1", b=["x", "y"])), revision(config(a="1", b=["x", "z"])))
    assert list(found.installed.objects.values()) == [config(a="1", b=["x", UNKNOWN])]
    assert found.unknown == ("ConfigMap/shop/one",)


def test_objects_with_other_names_are_left_out_and_said() -> None:
    found = foretold(revision(config("x1"), config("y")), revision(config("x2"), config("y")))
    assert [about.name for about in found.installed.objects] == ["y"]
    assert found.unknown == ("v1/ConfigMap, named anew each time",)


def test_what_was_unknown_may_be_anything_and_nothing_else_may_differ() -> None:
    planned = revision(config(a="1", b=UNKNOWN))
    assert unplanned(planned, revision(config(a="1", b="new")), nameless=False) == []
    assert unplanned(planned, revision(config(a="2", b="new")), nameless=False) == ["ConfigMap/shop/one"]
    assert unplanned(planned, revision(config(a="1")), nameless=False) == ["ConfigMap/shop/one"]


def test_more_objects_than_planned_are_fine_only_where_names_are_unknown() -> None:
    planned, found = revision(config()), revision(config(), config("more"))
    assert unplanned(planned, found, nameless=False) == ["ConfigMap/shop/more"]
    assert unplanned(planned, found, nameless=True) == []


def test_a_merge_patch_has_what_changes_and_nulls_for_what_goes() -> None:
    before = {"kind": "X", "spec": {"a": {"b": 1, "c": 2}, "same": [1], "list": [1, 2]}}
    after = {"kind": "X", "spec": {"a": {"b": 3}, "same": [1], "list": [2], "new": {"d": 1}}}
    assert merge_patch(before, after) == {"spec": {"a": {"b": 3, "c": None}, "list": [2], "new": {"d": 1}}}
