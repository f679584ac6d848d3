"""What a unit's folder may hold, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.elasticsearch import sources
from tasks.engines.elasticsearch.options import ElasticsearchOptions
from tasks.engines.elasticsearch.sources import Source, loaded

TEMPLATE = {"index_patterns": ["a-*"]}


def load(folder: Path, files: dict[str, Any], values: dict[str, Any] | None = None, **options: Any) -> Source:
    for path, content in files.items():
        file = folder / "search" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return loaded(folder, "search", ElasticsearchOptions(**options), values or {})


@pytest.mark.parametrize(
    ("path", "content", "names"),
    [
        ("component-templates/a.json", {"template": {}}, ["component-template/a"]),
        ("component_templates/a.json", {"template": {}}, ["component-template/a"]),
        ("index-templates/deep/a.yaml", "index_patterns: [a-*]", ["index-template/a"]),
        ("index_template/a.yml", "index_patterns: a-*", ["index-template/a"]),
        ("index-templates/x.json", {"name": "a", "index_template": TEMPLATE}, ["index-template/a"]),
        (
            "index-templates/x.json",
            {
                "index_templates": [
                    {"name": "a", "index_template": TEMPLATE},
                    {"name": "b", "index_template": TEMPLATE},
                ]
            },
            ["index-template/a", "index-template/b"],
        ),
        (
            "components/x.json",
            {"component_templates": [{"name": "a@custom", "component_template": {"template": {}}}]},
            ["component-template/a@custom"],
        ),
        ("ingest-pipelines/a.json", {"processors": [], "on_failure": [{"drop": {}}]}, ["ingest-pipeline/a"]),
        (
            "pipelines/x.json",
            {"a": {"processors": []}, "b": {"processors": []}},
            ["ingest-pipeline/a", "ingest-pipeline/b"],
        ),
        ("ingest-pipelines/beats.common", {"processors": []}, ["ingest-pipeline/beats.common"]),
        ("ingest-pipelines/.final", {"processors": []}, ["ingest-pipeline/.final"]),
        ("component-templates/a@custom", {"template": {}}, ["component-template/a@custom"]),
        ("ilm/a.json", {"policy": {"phases": {}}}, ["ilm-policy/a"]),
        ("ilm/a.json", {"phases": {}}, ["ilm-policy/a"]),
        ("ilm-policies/x.json", {"a": {"phases": {}}}, ["ilm-policy/a"]),
        ("ilm-policies/x.json", {"a": {"version": 1, "policy": {"phases": {}}, "in_use_by": {}}}, ["ilm-policy/a"]),
        (
            "saved_objects/a.ndjson",
            '{"type": "search", "id": "a b", "attributes": {"title": "a"}}\n{"exportedCount": 1}',
            ["saved-object/search/a b"],
        ),
        ("ism_policies/a.json", {"policy": {"states": []}}, ["ism-policy/a"]),
        ("ism/x.json", {"_id": "a", "_seq_no": 1, "policy": {"states": []}}, ["ism-policy/a"]),
        ("ism/x.json", {"policies": [{"_id": "a", "policy": {"states": []}}], "total_policies": 1}, ["ism-policy/a"]),
    ],
)
def test_a_file_holds_a_body_or_an_export(tmp_path: Path, path: str, content: Any, names: list[str]) -> None:
    assert list(map(str, load(tmp_path, {path: content}).objects)) == names


def test_a_pipeline_that_is_called_like_a_key_is_one(tmp_path: Path) -> None:
    found = load(tmp_path, {"ingest-pipelines/x.json": {"version": {"processors": []}}})
    assert list(map(str, found.objects)) == ["ingest-pipeline/version"]


def test_folders_may_have_other_names(tmp_path: Path) -> None:
    folders = {"index-templates": "es/patterns"}
    found = load(tmp_path, {"es/patterns/a.json": TEMPLATE}, folders=folders)
    assert list(map(str, found.objects)) == ["index-template/a"]


def test_samples_are_beside_their_pipeline_and_prose_is_left_alone(tmp_path: Path) -> None:
    files = {
        "README.md": "# Logs",
        "ingest-pipelines/a.json": {"processors": []},
        "ingest-pipelines/a.samples.yaml": "- document: {message: x}\n  expected: {message: x}\n",
    }
    found = load(tmp_path, files)
    assert found.samples == {"a": [{"document": {"message": "x"}, "expected": {"message": "x"}}]}


def test_inputs_are_filled_in_with_their_types(tmp_path: Path) -> None:
    settings = {"number_of_replicas": "${replicas}", "alias": "${name}-${unknown}", "pattern": "%{WORD} {{x}}"}
    files = {"component-templates/a.json": {"template": {"settings": settings}}}
    (body,) = load(tmp_path, files, {"replicas": 2, "name": "dev"}).objects.values()
    filled = {"number_of_replicas": 2, "alias": "dev-${unknown}", "pattern": "%{WORD} {{x}}"}
    assert body == {"template": {"settings": filled}}
    accepted = sources.interface(tmp_path, "search").accepts
    assert accepted == {"name": "any", "replicas": "any", "unknown": "any"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"README.md": "x"}, "search: has no JSON or YAML in"),
        ({"a.json": TEMPLATE}, "search/a.json: is in no folder of a kind; move it to one of component-templates"),
        ({"component-templates/a.json": "{\n,}"}, "search/component-templates/a.json:2: is not valid JSON"),
        ({"component-templates/a.yaml": "a: ["}, "search/component-templates/a.yaml: is not valid YAML"),
        ({"component-templates/a.json": '{"template": {}, "template": {}}'}, "the key 'template' is there twice"),
        ({"component-templates/a.json": TEMPLATE}, "a is not a valid component template: it has no `template`"),
        ({"index-templates/a.json": [1]}, "a is not a valid index template: it has no `index_patterns`"),
        ({"ingest-pipelines/a.json": {}}, "a is not a valid ingest pipeline: it has no `processors`"),
        (
            {"ilm/a.json": {"policy": {"phases": {}}}, "ilm_policies/a.json": {"phases": {}}},
            "is in search/ilm/a.json too",
        ),
        ({"index-templates/a b.json": TEMPLATE}, "'a b' is not a valid name of an object"),
        ({"index-templates/a*.json": TEMPLATE}, "'a*' is not a valid name of an object"),
        (
            {"component-templates/a.json": {"template": {"settings": "a"}}},
            "a: template.settings: input should be a valid dictionary",
        ),
        ({"component-templates/a.json": {"template": []}}, "a: template: input should be"),
        (
            {"component-templates/a.json": {"template": {"aliases": {"x": 1}}}},
            "a: template.aliases.x: input should be",
        ),
        (
            {"index-templates/a.json": {**TEMPLATE, "priority": "high"}},
            "a: priority.int: input should be a valid integer",
        ),
        (
            {"index-templates/a.json": {**TEMPLATE, "composed_of": "b"}},
            "a: composed_of: input should be a valid list",
        ),
        ({"pipelines/a.json": {"processors": {"set": {}}}}, "a: processors: input should be a valid list"),
        ({"index-templates/a.json": {"index_templates": True}}, "a is not a valid index template"),
        ({"ilm/a.json": {"policy": []}}, "search/ilm/a.json: a: ilm policy: input should be"),
        ({"ilm/a.json": {"phases": {"hot": {"actions": ["x"]}}}}, "a: phases.hot.actions: input should be"),
        ({"ism/a.json": {"policy": {"states": ["hot"]}}}, "a: states.0: input should be"),
        ({"pipelines/a.samples.json": []}, "a.samples has samples of a pipeline that is not there"),
        (
            {"pipelines/a.json": {"processors": []}, "pipelines/a.samples.json": [{"expected": {}}]},
            "must be a list of samples, each with `document`",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_file(tmp_path: Path, files: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(tmp_path, files)
    assert told in str(raised.value)
    unit = Unit("search", "elasticsearch", "search", ("dev",))
    assert list(sources.faults(tmp_path, unit)) == [str(raised.value)]


def test_folders_that_are_not_there_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no folder nowhere in search"):
        load(tmp_path, {"index-templates/a.json": TEMPLATE}, folders={"index-templates": "nowhere"})
    with pytest.raises(InvalidInput, match=r"folders.indices: is not a kind"):
        load(tmp_path, {}, folders={"indices": "index-templates"})


def test_every_file_of_the_folder_is_read(tmp_path: Path) -> None:
    load(tmp_path, {"index-templates/a.json": TEMPLATE, "README.md": "x"})
    assert sources.reads(tmp_path, "search") == ("search/README.md", "search/index-templates/a.json")


@pytest.mark.parametrize(
    "files",
    [
        {"ingest-pipelines/README": "{curly} words"},
        {"ingest-pipelines/a.jinja": "{% if x %}{{ y }}{% endif %}"},
        {"ingest-pipelines/notes.md": "# {}"},
        {"elsewhere/a.map": {"version": 3}},
    ],
    ids=lambda files: next(iter(files)),
)
def test_what_only_looks_like_an_object_is_none(tmp_path: Path, files: dict[str, Any]) -> None:
    found = load(tmp_path, {"ingest-pipelines/a.json": {"processors": []}, **files})
    assert [str(address) for address in found.objects] == ["ingest-pipeline/a"]


def test_json_without_an_ending_that_is_broken_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"beats\.common:1: is not valid JSON"):
        load(tmp_path, {"ingest-pipelines/beats.common": '{"processors": [}'})


def test_samples_of_a_pipeline_without_an_ending_belong_to_it(tmp_path: Path) -> None:
    samples = [{"document": {"message": "x"}, "expected": {"message": "x"}}]
    files = {
        "ingest-pipelines/beats.common": {"processors": []},
        "ingest-pipelines/beats.common.samples.json": samples,
    }
    assert load(tmp_path, files).samples == {"beats.common": samples}


STRANGE = {
    "files/ingest/beats.common": {"processors": []},
    "templates/component/agent.json": {"template": {}},
    "templates/index/logs.json": TEMPLATE,
    "defaults.yaml": "replicas: 1",
    "roles/deep/analyst.json": {"cluster": []},
    "base.tpl.json": "{{ x }}",
}
FOLDERS = {
    "ingest-pipelines": "files/ingest",
    "component-templates": "templates/component",
    "index-templates": "templates/index",
}


def test_a_repository_that_holds_other_things_is_used_as_it_is(tmp_path: Path) -> None:
    found = load(tmp_path, STRANGE, folders=FOLDERS, ignored=("defaults.yaml", "roles/", "*.tpl.json"))
    assert sorted(map(str, found.objects)) == [
        "component-template/agent",
        "index-template/logs",
        "ingest-pipeline/beats.common",
    ]


def test_what_else_is_there_is_a_mistake_until_it_is_ignored(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"is in no folder of a kind; .* or name it in `ignored`"):
        load(tmp_path, STRANGE, folders=FOLDERS)


def test_a_pattern_that_matches_nothing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="ignored: nothing in search is called rolls"):
        load(tmp_path, STRANGE, folders=FOLDERS, ignored=("rolls",))
