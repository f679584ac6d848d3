"""Units with saved objects: the search server is real, Kibana is a stub of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.logging import DashboardsServer
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action
from tests.doubles import kibana_stub
from tests.doubles.kibana_stub import KibanaStub
from tests.platforms.search_units import Files, Search, actions, saved, template

LOGS = Path(__file__).parents[2] / "infrastructure/elasticsearch/logs"
"""The unit of FlowMart's own logs, as it ships."""
VIEW, ERRORS, BOARD = "index-pattern/{}", "search/{}-errors", "dashboard/{}"


@pytest.fixture
def kibana(search: Search) -> Iterator[KibanaStub]:
    """A stub, since there is no real Kibana here."""
    with kibana_stub.serving() as stub:
        subject, around = search.story.subject, search.story.subject.environment
        search.story.subject = replace(
            subject, environment=replace(around, dashboards=DashboardsServer(f"{stub.url}/s/shop"))
        )
        yield stub


def test_saved_objects_are_imported_compared_by_meaning_and_rolled_back(search: Search, kibana: KibanaStub) -> None:
    name = search.prefix
    view, errors, board = (each.format(name) for each in (VIEW, ERRORS, BOARD))
    templates = {f"index-templates/{name}.json": template(name)}

    def release(*objects: Mapping[str, Any]) -> Files:
        return {**templates, "saved-objects/shop.ndjson": "\n".join(map(json.dumps, objects))}

    first = (
        saved(board, "Shop", errors, panelsJSON='[{"x":1}]'),
        saved(errors, "Errors", view),
        saved(view, f"{name}-*"),
    )
    plan = search.promoted("first", release(*first))
    blue = search.story.receipt
    assert len(plan.changes) == 4
    assert set(kibana.objects) == {("dashboard", name), ("search", f"{name}-errors"), ("index-pattern", name)}

    changed = (saved(board, "Shop 2", errors), *first[1:], saved(f"search/{name}-slow", "Slow", view))
    search.promoted("second", release(*changed))
    assert kibana.objects["dashboard", name]["attributes"]["title"] == "Shop 2"
    back = search.story.rollback("second", blue)
    assert back is not None
    assert actions(back) == {
        f"saved-object/{board}": Action.UPDATE,
        f"saved-object/search/{name}-slow": Action.DELETE,
    }
    search.story.received(back, search.story.apply(back))
    assert search.story.engine("first").verify().outcome is Outcome.SUCCEEDED
    kibana.objects["dashboard", name]["attributes"]["title"] = "by hand"
    assert search.story.receipt is not None
    (drifted,) = search.story.engine("first").detect_drift(search.story.receipt).changes
    assert (drifted.address, drifted.attributes) == (f"saved-object/{board}", ("attributes",))


def test_references_that_lead_nowhere_and_data_views_of_nothing_are_found(search: Search, kibana: KibanaStub) -> None:
    name = search.prefix
    view, errors = (each.format(name) for each in (VIEW, ERRORS))
    lines = [saved(errors, "Errors", "index-pattern/nowhere"), saved(view, f"{name}-*")]
    assert search.findings({"saved-objects/a.ndjson": "\n".join(map(json.dumps, lines))}) == [
        f"references: saved-object/{errors}: refers to saved-object/index-pattern/nowhere, "
        "which is neither in the unit nor there",
        f"data-views: saved-object/{view}: no index template is for {name}-*",
    ]


def test_without_a_kibana_saved_objects_are_refused_or_left_out(search: Search) -> None:
    name = search.prefix
    files = {
        "saved-objects/a.ndjson": json.dumps(saved(VIEW.format(name), f"{name}-*")),
        f"component-templates/{name}.json": {"template": {}},
    }
    with pytest.raises(InvalidInput, match=r"add `logging.dashboards` to platform.yaml"):
        search.story.plan(search.released("first", files))
    search.story.options = {"optional": ["saved-objects"]}
    plan = search.promoted("second", files)
    assert list(actions(plan)) == [f"component-template/{name}"]
    assert plan.warnings[0].endswith("is left out: no `logging.dashboards` is declared")


def test_the_unit_of_flowmarts_own_logs_is_applied_and_takes_each_event_once(
    search: Search, kibana: KibanaStub
) -> None:
    name, folder = search.prefix, LOGS
    search.story.options = {"optional": ["lifecycle-policies"]}
    files = {
        str(path.relative_to(folder)).replace("flowmart", name): path.read_text()
        .replace("logs-flowmart", f"{name}-flowmart")
        .replace("flowmart-logs", f"{name}-logs")
        for path in folder.rglob("*")
        if path.suffix in (".json", ".ndjson")
    }
    assert search.findings(files) == []
    plan = search.promoted("first", files)
    assert {change.kind for change in plan.changes} == {
        "component-template",
        "index-template",
        "ingest-pipeline",
        "saved-object",
    }
    stream, event = f"{name}-flowmart.run-default", {"message": "applied", "event": {"id": "a1", "action": "applied"}}
    search.index(stream, event)
    again = search.client.post(f"/{stream}/_create/a1", json={"@timestamp": "2026-11-25T10:00:00Z", **event})
    assert again.status_code == 409
    (hit,) = search.get(f"/{stream}/_search")["hits"]["hits"]
    assert hit["_id"] == "a1"
