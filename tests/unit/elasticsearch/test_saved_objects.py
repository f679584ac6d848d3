"""Saved objects: what a file of them holds, what one means, and in which order they are imported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.elasticsearch import saved_objects
from tasks.engines.elasticsearch.addresses import SAVED_OBJECT, Address


def saved(name: str, *refers_to: str, **attributes: Any) -> dict[str, Any]:
    kind, _, own = name.partition("/")
    references = [dict(zip(("type", "id"), other.split("/"), strict=True), name=f"r-{other}") for other in refers_to]
    return {"type": kind, "id": own, "attributes": {"title": own, **attributes}, "references": references}


def test_an_export_holds_an_object_a_line_and_a_count() -> None:
    lines = [saved("index-pattern/logs"), saved("dashboard/shop"), {"exportedCount": 2, "missingReferences": []}]
    text = "\n".join(map(json.dumps, lines)) + "\n\n"
    assert [name for name, _ in saved_objects.parsed(text, "a.ndjson")] == ["index-pattern/logs", "dashboard/shop"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"type": "search", "id": "a", "attributes": {}, "references": [{"id": "b"}]}', "is not a saved object"),
        ('{"type": "search", "id": "a", "attributes": {}, "references": {}}{', "a.ndjson:1: is not valid JSON"),
        ("{}\n{", "a.ndjson:1: is not a saved object"),
        ('{"type": ', "a.ndjson:1: is not valid JSON"),
        ("[1]", "a.ndjson:1"),
    ],
)
def test_a_line_that_is_no_object_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        saved_objects.parsed(text, "a.ndjson")
    assert told in str(raised.value)


def test_what_the_server_keeps_about_an_object_and_how_it_writes_json_says_nothing() -> None:
    panels = [{"gridData": {"x": 0}, "embeddableConfig": {"layers": "[1]"}}]
    written = saved("dashboard/a", "search/b", "index-pattern/c", panelsJSON=json.dumps(panels))
    exported = {
        **saved(
            "dashboard/a", "index-pattern/c", "search/b", panelsJSON=json.dumps(panels, indent=2, sort_keys=True)
        ),
        "updated_at": "2026-11-26T00:00:00Z",
        "version": "WzEsMV0=",
        "coreMigrationVersion": "8.8.0",
        "namespaces": ["default"],
    }
    assert saved_objects.form(written) == saved_objects.form(exported)
    assert "version" not in saved_objects.sent(exported)
    assert saved_objects.sent(exported)["coreMigrationVersion"] == "8.8.0"


@pytest.mark.parametrize(
    "other",
    [saved("dashboard/a", title="b"), saved("dashboard/a", "search/b"), saved("dashboard/a", text="{no json")],
)
def test_other_attributes_and_references_are_another_object(other: dict[str, Any]) -> None:
    assert saved_objects.form(saved("dashboard/a")) != saved_objects.form(other)


def test_an_object_comes_after_those_that_it_refers_to_in_a_circle_too() -> None:
    written = [
        saved("dashboard/a", "search/b", "index-pattern/c"),
        saved("index-pattern/c"),
        saved("search/b", "index-pattern/c", "dashboard/a"),
    ]
    objects = {Address(SAVED_OBJECT, f"{each['type']}/{each['id']}"): each for each in written}
    assert [each.name for each in saved_objects.in_order(objects)] == ["index-pattern/c", "search/b", "dashboard/a"]


def test_a_data_view_is_of_the_patterns_in_its_title() -> None:
    view = Address(SAVED_OBJECT, "index-pattern/logs")
    found = dict(saved_objects.data_views({view: saved("index-pattern/logs", title="logs-a-*, logs-b-*")}))
    assert found == {view: ["logs-a-*", "logs-b-*"]}
