"""What ships for FlowMart's log: every field that is indexed is one of ECS, and every file is read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.domain.platform import Unit
from tasks.engines.elasticsearch import sources, templates
from tests.formats import ecs

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "infrastructure/elasticsearch/logs"
EXAMPLES = PROJECT / "docs/examples/logging"

LIKE = {"match_only_text": {"match_only_text", "wildcard", "keyword"}, "date_nanos": {"date"}}
"""Types that we have in place of those of ECS: stacks are searched by words, times have microseconds."""
MORE = {"keyword": {"keyword", "constant_keyword"}}


def read(path: str) -> Any:
    return json.loads((FOLDER / path).read_text())


def mapped(properties: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from mapped(field["properties"], f"{before}{name}.")
        else:
            yield f"{before}{name}", field["type"]


def mappings() -> dict[str, str]:
    body = read("component-templates/flowmart-logs-mappings.json")["template"]["mappings"]
    assert body["dynamic"] is False
    return dict(mapped(body["properties"]))


def test_every_field_that_is_indexed_has_the_type_of_ecs() -> None:
    for name, kind in mappings().items():
        if not name.startswith(("flowmart.", "labels.")):
            expected = ecs.fields()[name]["type"]
            assert expected in {kind} | LIKE.get(kind, set()) | MORE.get(kind, set()), name


def test_no_field_is_flattened() -> None:
    assert not {"flattened", "flat_object", "object", "nested"} & {*mappings().values()}


def test_the_template_wins_over_the_servers_own() -> None:
    template = read("index-templates/flowmart-logs.json")
    assert template["priority"] > 100
    assert template["index_patterns"] == ["logs-flowmart.*-*"]
    for name in template["composed_of"]:
        assert (FOLDER / f"component-templates/{name}.json").exists()


def test_the_documentation_names_every_field() -> None:
    text = (PROJECT / "docs/logging.md").read_text()
    named = set(re.findall(r"`([@\w.*]+)`", text))
    for name in mappings():
        group, _, last = name.rpartition(".")
        assert {name, f"{group}.*", last} & named, name


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.json")), ids=lambda path: path.name)
def test_every_file_is_json(path: Path) -> None:
    assert json.loads(path.read_text())


def saved() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "saved-objects/flowmart.ndjson").read_text().splitlines()]


def test_saved_objects_refer_only_to_each_other() -> None:
    known = {(each["type"], each["id"]) for each in saved()}
    assert {(to["type"], to["id"]) for each in saved() for to in each["references"]} <= known


def test_saved_objects_name_only_fields_that_are_indexed() -> None:
    texts = [json.dumps(each["attributes"]).replace("\\", "") for each in saved()]
    named = {name for text in texts for name in re.findall(r'"field": ?"([^"]+)"', text)}
    columns = {name for each in saved() for name in each["attributes"].get("columns", ())}
    assert named | columns
    assert named | columns <= {*mappings()}


def test_the_data_view_covers_what_the_template_covers() -> None:
    (view,) = (each for each in saved() if each["type"] == "index-pattern")
    assert view["attributes"]["title"] in read("index-templates/flowmart-logs.json")["index_patterns"]


@pytest.mark.parametrize("name", ["flowmart-logs", "flowmart-logs-production"])
def test_both_servers_keep_the_log_equally_long(name: str) -> None:
    ilm = read(f"ilm-policies/{name}.json")["policy"]["phases"]["delete"]["min_age"]
    ism = read(f"ism-policies/{name}.json")["policy"]["states"][0]["transitions"][0]["conditions"]["min_index_age"]
    assert ilm == ism


@pytest.mark.parametrize(("name", "ends"), [("flowmart-logs", "-*"), ("flowmart-logs-production", "-production")])
def test_both_servers_keep_each_environments_log_by_the_same_policy(name: str, ends: str) -> None:
    """On Elasticsearch the template names the policy, on OpenSearch the policy the streams."""
    (theirs,) = read(f"ism-policies/{name}.json")["policy"]["ism_template"][0]["index_patterns"]
    template = read(f"index-templates/{name}.json")
    parts = [read(f"component-templates/{each}.json") for each in template["composed_of"]]
    whole = templates.composed([*(part["template"] for part in parts), template.get("template", {})])
    assert template["index_patterns"] == [theirs]
    assert theirs.endswith(ends)
    assert whole["settings"]["index.lifecycle.name"] == name


def test_filebeat_makes_the_digest_the_id() -> None:
    (source,) = yaml.safe_load((EXAMPLES / "filebeat.yml").read_text())["filebeat.inputs"]
    assert source["parsers"][0]["ndjson"]["document_id"] == "event.id"


def test_rsyslog_takes_lines_as_long_as_they_may_be() -> None:
    text = (EXAMPLES / "rsyslog.conf").read_text()
    assert 'maxMessageSize="64k"' in text
    assert 'bulkid="flowmart-id" writeoperation="create"' in text


def test_logstash_creates_by_the_digest() -> None:
    text = (EXAMPLES / "logstash.conf").read_text()
    assert 'document_id => "%{[event][id]}"' in text
    assert 'action => "create"' in text


def test_the_folder_is_the_source_of_a_unit() -> None:
    unit = Unit("logs", "elasticsearch", "elasticsearch/logs", ("dev",))
    assert [*sources.faults(PROJECT / "infrastructure", unit)] == []
