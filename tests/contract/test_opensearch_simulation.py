"""What the engine elasticsearch finds on a real OpenSearch before anything is written."""

from __future__ import annotations

import pytest

from tasks.domain.errors import Refused
from tests.platforms.search_units import Search, actions, fields, template


def test_what_the_server_would_refuse_is_found_without_writing(search: Search) -> None:
    name = search.prefix
    search.promoted("first", {f"index-templates/{name}.json": template(name)})
    good = {
        f"component-templates/{name}-fields.json": fields(level="keyword"),
        f"index-templates/{name}.json": template(name, composed_of=[f"{name}-fields"]),
        f"ingest-pipelines/{name}.json": {"processors": [{"lowercase": {"field": "level"}}]},
    }
    assert search.findings(good) == []
    bad_type = search.findings({f"component-templates/{name}.json": fields(level="keywort")})
    assert len(bad_type) == 1
    assert "No handler for type [keywort]" in bad_type[0]
    unknown = {"template": {"settings": {"index.nonsense": 1}}}
    assert "unknown setting [index.nonsense]" in search.findings({f"component-templates/{name}.json": unknown})[0]
    absent = {f"index-templates/{name}.json": template(name, composed_of=[f"{name}-nowhere"])}
    assert f"component-template/{name}-nowhere is neither in the unit nor on the server" in search.findings(absent)[0]
    together = {
        f"component-templates/{name}-fields.json": fields(level="keyword"),
        f"index-templates/{name}.json": template(
            name, composed_of=[f"{name}-fields"], template={"mappings": {"properties": {"level": {"analyzer": "x"}}}}
        ),
    }
    assert search.findings(together)
    assert (
        "No processor type exists with name [grokk]"
        in search.findings({f"ingest/{name}.json": {"processors": [{"grokk": {}}]}})[0]
    )
    assert search.story.plan("first").empty


def test_pipelines_are_held_against_their_sample_documents(search: Search) -> None:
    name = search.prefix
    grok = {"field": "message", "patterns": ["%{WORD:event.action} %{NUMBER:order.id:int}"]}
    drop = {"if": "ctx.message == 'noise'"}
    pipeline = {"processors": [{"drop": drop}, {"grok": grok}, {"remove": {"field": "message"}}]}
    expected = {"event": {"action": "ordered"}, "order.id": 7, "message": None}
    samples = [
        {"name": "an order", "document": {"message": "ordered 7"}, "expected": expected, "exactly": True},
        {"name": "noise", "document": {"message": "noise"}, "dropped": True},
        {"document": {"message": "???"}, "error": "Provided Grok expressions do not match"},
    ]
    files = {f"ingest-pipelines/{name}.json": pipeline, f"ingest-pipelines/{name}.samples.json": samples}
    assert search.findings(files) == []
    wrong = [
        {
            "name": "an order",
            "document": {"message": "ordered 7"},
            "expected": {"order.id": "7", "user.name": "anna"},
        },
        {"name": "a line", "document": {"message": "???"}, "expected": {}},
    ]
    assert search.findings({**files, f"ingest-pipelines/{name}.samples.json": wrong}) == [
        f"samples: ingest-pipeline/{name}: sample an order: order.id is 7; expected: '7'",
        f"samples: ingest-pipeline/{name}: sample an order: user.name is not there; expected: 'anna'",
        f"samples: ingest-pipeline/{name}: sample a line: fails: "
        "Provided Grok expressions do not match field value: [???]",
    ]


def test_policies_of_the_other_product_are_left_out_and_those_without_an_api_are_refused(search: Search) -> None:
    name = search.prefix
    ilm = {"policy": {"phases": {"delete": {"min_age": "30d", "actions": {"delete": {}}}}}}
    ism = {"policy": {"default_state": "hot", "states": [{"name": "hot", "actions": [], "transitions": []}]}}
    both = {f"ilm-policies/{name}.json": ilm, f"ism-policies/{name}.json": ism}
    with pytest.raises(Refused, match=f"ism-policy/{name}: .* has no API for ism-policy"):
        search.story.plan(search.released("first", both))
    search.story.options = {"optional": ["lifecycle-policies"]}
    plan = search.promoted("second", {**both, f"component-templates/{name}.json": {"template": {}}})
    assert list(actions(plan)) == [f"component-template/{name}"]
    assert len([warning for warning in plan.warnings if f"ism-policy/{name} is left out" in warning]) == 1
