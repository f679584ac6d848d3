"""Stories of units of the engine elasticsearch on a real OpenSearch: what one change after the other comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Reversibility
from tests.platforms.search_units import ENGINE, Search, actions, fields, template


def test_everything_that_templates_and_pipelines_may_hold_is_applied_once(search: Search) -> None:
    name = search.prefix
    analysis = {"analyzer": {"codes": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase"]}}}
    mappings = {
        "dynamic": False,
        "date_detection": "false",
        "_meta": {"owner": {"team": 1}},
        "dynamic_templates": [
            {"numbers": {"match_mapping_type": "long", "mapping": {"type": "double", "index": False}}},
            {"texts": {"match": "*_text", "mapping": {"type": "text", "fields": {"raw": {"type": "keyword"}}}}},
        ],
        "properties": {
            "log.level": {"type": "keyword", "ignore_above": "256"},
            "log": {"properties": {"logger": {"type": "keyword", "doc_values": False}}},
            "code": {"type": "text", "analyzer": "codes", "copy_to": "all"},
            "all": {"type": "text"},
            "detail": {"type": "object", "enabled": "false"},
            "empty": {"type": "object"},
        },
    }
    settings = {
        "number_of_shards": 1,
        "index": {"refresh_interval": "5s", "analysis": analysis, "auto_expand_replicas": False},
        "index.codec": "best_compression",
        "index.mapping.total_fields.limit": 2000,
        "number_of_replicas": None,
        "default_pipeline": name,
    }
    grok = {"field": "message", "patterns": ["%{WORD:verb} %{NUMBER:n:int}"], "ignore_failure": True}
    pipeline = {
        "description": "",
        "version": 3,
        "processors": [
            {"grok": grok},
            {"set": {"field": "seen", "value": 1, "if": "ctx.n != null", "on_failure": [{"remove": {"field": "n"}}]}},
            {
                "foreach": {
                    "field": "tags",
                    "ignore_missing": True,
                    "processor": {"uppercase": {"field": "_ingest._value"}},
                }
            },
        ],
        "on_failure": [{"set": {"field": "error.message", "value": "{{ _ingest.on_failure_message }}"}}],
    }
    alias = {"filter": {"term": {"log.level": "error"}}, "is_write_index": False, "routing": "1"}
    export = {
        "component_templates": [
            {
                "name": f"{name}-fields",
                "component_template": {
                    "template": {"mappings": mappings, "settings": settings, "aliases": {}},
                    "version": "7",
                    "_meta": {"managed": False, "list": [1, "1"]},
                    "created_date": "2026-01-01T00:00:00.000Z",
                },
            },
            {"name": f"{name}-empty", "component_template": {"template": {}}},
        ]
    }
    whole = {
        "index_templates": [
            {
                "name": f"{name}-stream",
                "index_template": {
                    "index_patterns": f"{name}-stream-*",
                    "composed_of": [f"{name}-fields", f"{name}-empty"],
                    "data_stream": {"timestamp_field": {"name": "@timestamp"}},
                    "priority": "310",
                    "version": 1,
                },
            },
            {
                "name": f"{name}-index",
                "index_template": {
                    "index_patterns": [f"{name}-b-*", f"{name}-a-*"],
                    "composed_of": [],
                    "priority": 0,
                    "template": {"aliases": {f"{name}-errors": alias, f"{name}-all": {}}, "mappings": {}},
                },
            },
        ]
    }
    plan = search.promoted(
        "first",
        {
            "component_templates/exported.json": export,
            "index_templates/exported.json": whole,
            f"pipelines/{name}.json": {name: pipeline},
        },
    )
    assert set(actions(plan).values()) == {Action.CREATE}
    assert len(plan.changes) == 5
    search.story.receipt = None
    assert search.story.plan("first").changes == ()
    search.index(f"{name}-stream-eu", {"message": "ordered 7", "tags": ["a"]})
    (hit,) = search.get(f"/{name}-stream-eu/_search")["hits"]["hits"]
    assert (hit["_source"]["n"], hit["_source"]["seen"], hit["_source"]["tags"]) == (7, 1, ["A"])


def test_what_is_written_in_another_notation_is_no_change(search: Search) -> None:
    name = search.prefix
    search.put(f"/_component_template/{name}", {"template": {"settings": {"index.number_of_shards": "1"}}})
    search.promoted(
        "first", {f"component-templates/{name}.json": {"template": {"settings": {"number_of_shards": 1}}}}
    )
    nested = {"template": {"settings": {"index": {"number_of_shards": "1"}}, "mappings": {}}, "_meta": None}
    assert search.story.plan(search.released("second", {f"component-templates/{name}.json": nested})).empty


def test_a_mapping_takes_effect_at_the_next_rollover_and_documents_survive_a_rollback(search: Search) -> None:
    name = search.prefix
    stream, path = f"{name}-eu", f"component-templates/{name}-fields.json"
    files = {f"index-templates/{name}.json": template(name, composed_of=[f"{name}-fields"])}
    search.promoted("blue", {**files, path: fields(level="keyword")})
    blue = search.story.receipt
    search.index(stream, {"level": "error"})

    plan = search.promoted("green", {**files, path: fields(level="text")})
    assert any(f"takes effect at the next rollover of {stream}" in warning for warning in plan.warnings)
    assert generation(search, stream) == 1

    search.story.options = {"rollover": True}
    forward = search.story.plan(search.released("red", {**files, path: fields(level="keyword", code="long")}))
    assert actions(forward)[f"data-stream/{stream}"] is Action.INVOKE
    assert forward.reversibility is Reversibility.NEEDS_CARE
    search.story.received(forward, search.story.apply(forward))
    assert (generation(search, stream), typed(search, stream, "code")) == (2, "long")
    assert search.story.plan("red").empty

    back = search.story.rollback("red", blue)
    assert back is not None
    assert any("documents that are there keep their form" in warning for warning in back.warnings)
    search.story.received(back, search.story.apply(back))
    assert search.story.engine("blue").verify().outcome is Outcome.SUCCEEDED
    assert generation(search, stream) == 3
    assert search.get(f"/{stream}/_count")["count"] == 1


def generation(search: Search, stream: str) -> int:
    return int(search.get(f"/_data_stream/{stream}")["data_streams"][0]["generation"])


def typed(search: Search, stream: str, name: str) -> str:
    index = search.get(f"/_data_stream/{stream}")["data_streams"][0]["indices"][-1]["index_name"]
    return str(search.get(f"/{index}/_mapping")[index]["mappings"]["properties"][name]["type"])


def test_another_template_that_wins_is_said_and_one_of_the_same_priority_is_refused(search: Search) -> None:
    name = search.prefix
    search.put(f"/_index_template/{name}-theirs", template(f"{name}-eu", priority=400))
    first = search.story.plan(search.released("first", {f"index-templates/{name}.json": template(name)}))
    wins = f"index-template/{name}: {name}-theirs (priority 400, {name}-eu-*) wins over it (300) where both match"
    assert first.warnings == (wins,)
    search.released("second", {f"index-templates/{name}.json": template(name, priority=400)})
    with pytest.raises(Refused, match=f"{name}-theirs has the same priority"):
        search.story.plan("second")


def test_a_template_that_data_streams_follow_is_not_removed(search: Search) -> None:
    name = search.prefix
    whole = {
        f"index-templates/{name}.json": template(name, composed_of=[f"{name}-fields"]),
        f"component-templates/{name}-fields.json": fields(level="keyword"),
    }
    forward = search.promoted("first", whole)
    search.index(f"{name}-eu", {"level": "error"})
    with pytest.raises(Refused, match=f"index-template/{name}: data streams follow it: {name}-eu"):
        search.story.plan(
            search.released("second", {f"component-templates/{name}-fields.json": fields(level="text")})
        )
    back = search.story.rollback("first", None)
    assert back is not None
    assert back.changes == ()
    assert [warning.split(" stays")[0] for warning in back.warnings] == [
        f"index-template/{name}",
        f"component-template/{name}-fields",
    ]
    assert forward.created
    search.story.apply(back)
    assert search.get(f"/{name}-eu/_count")["count"] == 1


def test_a_template_that_hid_another_one_is_removed_again(search: Search) -> None:
    """OpenSearch refuses this, though the data stream would follow the other template from then on."""
    name = search.prefix
    before = {f"index-templates/{name}.json": template(name)}
    search.promoted("first", before)
    blue = search.story.receipt
    search.index(f"{name}-eu", {})
    search.promoted("second", {**before, f"index-templates/{name}-over.json": template(name, priority=350)})
    back = search.story.rollback("second", blue)
    assert back is not None
    assert actions(back) == {f"index-template/{name}-over": Action.DELETE}
    search.story.received(back, search.story.apply(back))
    assert not search.exists(f"/_index_template/{name}-over")
    assert search.get(f"/_data_stream/{name}-eu")["data_streams"][0]["template"] == name


def test_a_template_with_another_name_takes_the_place_of_one_that_goes(search: Search) -> None:
    """The server does not take two templates with the same names and priority at once."""
    name = search.prefix
    search.promoted("first", {f"index-templates/{name}-old.json": template(name)})
    search.index(f"{name}-eu", {})
    plan = search.promoted("second", {f"index-templates/{name}-new.json": template(name)})
    assert actions(plan) == {
        f"index-template/{name}-new": Action.CREATE,
        f"index-template/{name}-old": Action.DELETE,
    }
    found = search.get(f"/_index_template/{name}-*")["index_templates"]
    assert [(each["name"], each["index_template"]["priority"]) for each in found] == [(f"{name}-new", 300)]
    assert search.get(f"/_data_stream/{name}-eu")["data_streams"][0]["template"] == f"{name}-new"


def test_a_pipeline_that_documents_go_through_is_not_removed(search: Search) -> None:
    name = search.prefix
    search.promoted("first", {f"ingest-pipelines/{name}.json": {"processors": []}})
    search.put(f"/{name}-index", {"settings": {"index.default_pipeline": name}})
    search.released("second", {f"component-templates/{name}.json": {"template": {}}})
    with pytest.raises(Refused, match=f"ingest-pipeline/{name}: documents go through it: {name}-index"):
        search.story.plan("second")
    search.client.delete(f"/{name}-index")
    assert actions(search.story.plan("second"))[f"ingest-pipeline/{name}"] is Action.DELETE


def test_removals_are_in_the_reverse_order(search: Search) -> None:
    name = search.prefix
    files = {
        f"index-templates/{name}.json": template(name, composed_of=[f"{name}-fields"]),
        f"component-templates/{name}-fields.json": fields(level="keyword"),
        f"ingest-pipelines/{name}.json": {"processors": []},
    }
    forward = search.promoted("first", files)
    back = search.story.rollback("first", None)
    assert back is not None
    kinds = [change.kind for change in back.changes]
    assert kinds == ["index-template", "ingest-pipeline", "component-template"]
    assert kinds == [change.kind for change in reversed(forward.changes)]
    search.story.apply(back)
    assert not any(search.exists(path) for path in (f"/_index_template/{name}", f"/_ingest/pipeline/{name}"))


def test_templates_that_were_there_are_adopted_and_put_back(search: Search) -> None:
    name = search.prefix
    search.put(f"/_index_template/{name}", template(name, _meta={"by": "hand"}))
    search.released("first", {f"index-templates/{name}.json": template(name, _meta={"by": "flowmart"})})
    baseline = search.story.adopt("first")
    assert baseline is not None
    plan = search.story.plan("first")
    assert actions(plan) == {f"index-template/{name}": Action.UPDATE}
    search.story.received(plan, search.story.apply(plan))
    back = search.story.rollback("first", baseline)
    assert back is not None
    search.story.apply(back)
    there = search.get(f"/_index_template/{name}")["index_templates"][0]["index_template"]
    assert there["_meta"] == {"by": "hand"}


def test_what_a_later_release_takes_over_is_not_removed_by_its_rollback(search: Search) -> None:
    name = search.prefix
    first = {f"component-templates/{name}.json": {"template": {}}}
    search.promoted("first", first)
    blue = search.story.receipt
    search.put(f"/_component_template/{name}-theirs", {"template": {}})
    plan = search.promoted("second", {**first, f"component-templates/{name}-theirs.json": fields(level="text")})
    assert [change.action for change in plan.state_changes] == [Action.IMPORT]
    failed = replace(search.story.workspace("second"), state_changes=plan.state_changes)
    back = search.story.engine("first").plan_rollback(failed, blue)
    assert back is not None
    assert back.changes == ()


def test_a_change_by_hand_is_drift_and_a_promotion_puts_it_right(search: Search) -> None:
    name = search.prefix
    search.promoted("first", {f"component-templates/{name}.json": fields(level="keyword")})
    receipt = search.story.receipt
    assert receipt is not None
    search.put(f"/_component_template/{name}", fields(level="text"))
    (drifted,) = search.story.engine("first").detect_drift(receipt).changes
    assert (drifted.address, drifted.attributes) == (f"component-template/{name}", ("mappings",))
    search.client.delete(f"/_component_template/{name}")
    (gone,) = search.story.engine("first").detect_drift(receipt).changes
    assert gone.action is Action.DELETE
    assert actions(search.story.plan("first")) == {f"component-template/{name}": Action.CREATE}


def test_an_apply_that_the_server_refuses_in_the_middle_is_failed_and_can_be_rolled_back(search: Search) -> None:
    name = search.prefix
    good = {f"component-templates/{name}.json": fields(level="keyword")}
    bad = {**good, f"index-templates/{name}.json": template(name, composed_of=[f"{name}-nowhere"])}
    plan = search.story.plan(search.released("first", bad))
    assert plan.unknown == (f"index-template/{name}, until component-template/{name}-nowhere is there",)
    applied = search.story.engine("first").apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert f"Done before: component-template/{name}" in applied.detail
    back = search.story.rollback("first", None)
    assert back is not None
    assert actions(back) == {f"component-template/{name}": Action.DELETE}


def test_an_object_that_another_unit_has_too_is_refused(search: Search) -> None:
    name = search.prefix
    search.released("first", {f"component-templates/{name}.json": {"template": {}}})
    workspace = search.story.workspace("first")
    other = replace(workspace.unit, name="other")
    engine = ENGINE.make(replace(workspace, neighbours=lambda: [other]))
    with pytest.raises(InvalidInput, match=f"paint: component-template/{name} is in unit other too"):
        engine.plan(workspace.inputs)
