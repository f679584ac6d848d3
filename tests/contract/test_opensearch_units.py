"""Stories of units of the engine elasticsearch on a real OpenSearch: what one change after the other comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.logging import DashboardsServer, ElasticsearchServer
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.platform import Environment
from tasks.engines import ENGINES
from tasks.engines.base import Workspace
from tasks.engines.contract import Story, Subject
from tests import kibana_stub
from tests.kibana_stub import KibanaStub

ENGINE = ENGINES["elasticsearch"]
LOGS = Path(__file__).parents[2] / "infrastructure/elasticsearch/logs"
"""The unit of FlowMart's own logs, as it ships."""
Files = Mapping[str, Any]
"""{path in the unit's folder: JSON}."""


@dataclass
class Search:
    """A unit whose releases are made here, and the server that it is applied to."""

    url: str
    prefix: str
    folder: Path
    releases: dict[str, Files] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60)
        environment = Environment("dev", elasticsearch=ElasticsearchServer(self.url))
        self.story = _Unit(Subject(ENGINE, self._files, lambda: None, environment=environment), self.folder)
        self.story.options = self.options

    def released(self, name: str, files: Files) -> str:
        self.releases[name] = files
        return name

    def promoted(self, name: str, files: Files) -> Plan:
        """Plan and apply a release; a second plan has nothing left to do."""
        plan = self.story.plan(self.released(name, files))
        self.story.received(plan, self.story.apply(plan))
        assert self.story.plan(name).changes == ()
        assert self.story.engine(name).verify().outcome is Outcome.SUCCEEDED
        return plan

    def put(self, path: str, body: Any) -> None:
        answer = self.client.put(path, json=body)
        assert answer.status_code == 200, answer.text

    def get(self, path: str) -> Any:
        return self.client.get(path).json()

    def index(self, stream: str, document: Any) -> None:
        written = {"@timestamp": "2026-11-25T10:00:00Z", **document}
        answer = self.client.post(f"/{stream}/_doc?refresh=true", json=written)
        assert answer.status_code == 201, answer.text

    def exists(self, path: str) -> bool:
        return self.client.get(path).status_code == 200

    def _files(self, name: str) -> Mapping[str, str]:
        return {
            path: content if isinstance(content, str) else json.dumps(content)
            for path, content in self.releases[name].items()
        }


class _Unit(Story):
    options: Mapping[str, Any] = {}

    def workspace(self, colour: str) -> Workspace:
        made = super().workspace(colour)
        return replace(made, unit=replace(made.unit, options=self.options))


@pytest.fixture
def search(opensearch: str, opensearch_prefix: str, tmp_path: Path) -> Search:
    return Search(opensearch, opensearch_prefix, tmp_path / "releases")


def actions(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.changes}


def template(prefix: str, **more: Any) -> dict[str, Any]:
    settings = {"number_of_replicas": 0}
    return {
        "index_patterns": [f"{prefix}-*"],
        "data_stream": {},
        "priority": 300,
        "template": {"settings": settings},
        **more,
    }


def fields(**types: str) -> dict[str, Any]:
    return {"template": {"mappings": {"properties": {name: {"type": kind} for name, kind in types.items()}}}}


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


@pytest.fixture
def found(search: Search) -> Any:
    """What the simulation has against a release."""

    def simulated(files: Files) -> list[str]:
        workspace = search.story.workspace(search.released(f"tested-{len(search.releases)}", files))
        return [f"{each.rule}: {each.message}" for each in ENGINE.validators["simulation"].find(workspace)]

    return simulated


def test_what_the_server_would_refuse_is_found_without_writing(search: Search, found: Any) -> None:
    name = search.prefix
    search.promoted("first", {f"index-templates/{name}.json": template(name)})
    good = {
        f"component-templates/{name}-fields.json": fields(level="keyword"),
        f"index-templates/{name}.json": template(name, composed_of=[f"{name}-fields"]),
        f"ingest-pipelines/{name}.json": {"processors": [{"lowercase": {"field": "level"}}]},
    }
    assert found(good) == []
    bad_type = found({f"component-templates/{name}.json": fields(level="keywort")})
    assert len(bad_type) == 1
    assert "No handler for type [keywort]" in bad_type[0]
    unknown = {"template": {"settings": {"index.nonsense": 1}}}
    assert "unknown setting [index.nonsense]" in found({f"component-templates/{name}.json": unknown})[0]
    absent = {f"index-templates/{name}.json": template(name, composed_of=[f"{name}-nowhere"])}
    assert f"component-template/{name}-nowhere is neither in the unit nor on the server" in found(absent)[0]
    together = {
        f"component-templates/{name}-fields.json": fields(level="keyword"),
        f"index-templates/{name}.json": template(
            name, composed_of=[f"{name}-fields"], template={"mappings": {"properties": {"level": {"analyzer": "x"}}}}
        ),
    }
    assert found(together)
    assert (
        "No processor type exists with name [grokk]"
        in found({f"ingest/{name}.json": {"processors": [{"grokk": {}}]}})[0]
    )
    assert search.story.plan("first").empty


def test_pipelines_are_held_against_their_sample_documents(search: Search, found: Any) -> None:
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
    assert found(files) == []
    wrong = [
        {
            "name": "an order",
            "document": {"message": "ordered 7"},
            "expected": {"order.id": "7", "user.name": "anna"},
        },
        {"name": "a line", "document": {"message": "???"}, "expected": {}},
    ]
    assert found({**files, f"ingest-pipelines/{name}.samples.json": wrong}) == [
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


VIEW, ERRORS, BOARD = "index-pattern/{}", "search/{}-errors", "dashboard/{}"


def saved(name: str, title: str, *refers_to: str, **attributes: Any) -> dict[str, Any]:
    kind, _, own = name.partition("/")
    references = [dict(zip(("type", "id"), other.split("/"), strict=True), name=other) for other in refers_to]
    return {"type": kind, "id": own, "attributes": {"title": title, **attributes}, "references": references}


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


def test_references_that_lead_nowhere_and_data_views_of_nothing_are_found(
    search: Search, kibana: KibanaStub, found: Any
) -> None:
    name = search.prefix
    view, errors = (each.format(name) for each in (VIEW, ERRORS))
    lines = [saved(errors, "Errors", "index-pattern/nowhere"), saved(view, f"{name}-*")]
    assert found({"saved-objects/a.ndjson": "\n".join(map(json.dumps, lines))}) == [
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
    search: Search, kibana: KibanaStub, found: Any
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
    assert found(files) == []
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
