"""One form for what says the same: files, exports, and answers of Elasticsearch and OpenSearch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, ISM, PIPELINE, TEMPLATE
from tasks.engines.elasticsearch.forms import form, sent

Body = Mapping[str, Any]


def settings(**written: Any) -> Body:
    return {"template": {"settings": written}}


def mappings(**written: Any) -> Body:
    return {"template": {"mappings": written}}


def ilm(**phases: Any) -> Body:
    return {"policy": {"phases": phases}}


def ism(**written: Any) -> Body:
    return {"policy": {"description": "d", "default_state": "hot", "states": [{"name": "hot"}], **written}}


STREAM = {"index_patterns": ["a-*"], "data_stream": {}}
HOT_STATE = {"name": "hot", "actions": [], "transitions": []}

SAME: list[tuple[str, str, Body, Body]] = [
    ("settings as numbers", COMPONENT, settings(number_of_shards=1), settings(index={"number_of_shards": "1"})),
    ("settings as booleans", COMPONENT, settings(**{"index.hidden": True}), settings(index={"hidden": "true"})),
    (
        "settings half nested, half dotted",
        COMPONENT,
        settings(index={"lifecycle.name": "logs", "mapping": {"total_fields.limit": 2000}}),
        settings(**{"index.lifecycle.name": "logs", "index.mapping.total_fields.limit": "2000"}),
    ),
    (
        "analysis as a list",
        COMPONENT,
        settings(analysis={"filter": {"s": {"type": "stop", "stopwords": ["a", "b"]}}}),
        settings(index={"analysis": {"filter": {"s": {"stopwords": ["a", "b"], "type": "stop"}}}}),
    ),
    (
        "nothing in a template",
        COMPONENT,
        {"template": {}},
        {"template": {"settings": {}, "mappings": {}, "aliases": {}}},
    ),
    (
        "dates of the server",
        COMPONENT,
        {"template": {}},
        {"template": {}, "created_date": "x", "modified_date_millis": 1},
    ),
    ("not deprecated", COMPONENT, {"template": {}}, {"template": {}, "deprecated": False}),
    (
        "a version as text",
        COMPONENT,
        {"template": {}, "version": "3", "_meta": {}},
        {"template": {}, "version": 3},
    ),
    ("booleans of mappings as text", COMPONENT, mappings(dynamic=False), mappings(dynamic="false")),
    (
        "numbers of mappings as text",
        COMPONENT,
        mappings(properties={"a": {"type": "keyword", "ignore_above": 1024}}),
        mappings(properties={"a": {"type": "keyword", "ignore_above": "1024"}}),
    ),
    (
        "dotted fields",
        COMPONENT,
        mappings(properties={"log.level": {"type": "keyword"}, "log": {"properties": {"x": {"type": "long"}}}}),
        mappings(properties={"log": {"properties": {"x": {"type": "long"}, "level": {"type": "keyword"}}}}),
    ),
    (
        "the type of an object",
        COMPONENT,
        mappings(
            properties={"a": {"type": "object", "properties": {"b": {"type": "long"}}}, "c": {"type": "object"}}
        ),
        mappings(properties={"a": {"properties": {"b": {"type": "long"}}}, "c": {}}),
    ),
    (
        "one field to copy to",
        COMPONENT,
        mappings(properties={"a": {"type": "text", "copy_to": "all"}}),
        mappings(properties={"a": {"type": "text", "copy_to": ["all"]}}),
    ),
    (
        "a mapping with the type around it",
        COMPONENT,
        mappings(_doc={"properties": {"a": {"type": "long"}}}),
        mappings(properties={"a": {"type": "long"}}),
    ),
    (
        "a script of a runtime field",
        COMPONENT,
        mappings(runtime={"a": {"type": "long", "script": "emit(1)"}}),
        mappings(runtime={"a": {"type": "long", "script": {"source": "emit(1)", "lang": "painless"}}}),
    ),
    (
        "one pattern of a dynamic template",
        COMPONENT,
        mappings(dynamic_templates=[{"a": {"match": "x_*", "mapping": {"type": "long", "index": False}}}]),
        mappings(dynamic_templates=[{"a": {"match": ["x_*"], "mapping": {"type": "long", "index": "false"}}}]),
    ),
    (
        "the routing of an alias",
        COMPONENT,
        {"template": {"aliases": {"a": {"routing": "1", "is_hidden": False}, "b": None}}},
        {"template": {"aliases": {"a": {"index_routing": "1", "search_routing": "1"}, "b": {}}}},
    ),
    (
        "a retention",
        COMPONENT,
        {"template": {"lifecycle": {"data_retention": "168h"}}},
        {"template": {"lifecycle": {"enabled": True, "data_retention": "7d"}}},
    ),
    ("patterns in another order", TEMPLATE, {"index_patterns": ["b-*", "a-*"]}, {"index_patterns": ["a-*", "b-*"]}),
    ("one pattern", TEMPLATE, {"index_patterns": "a-*"}, {"index_patterns": ["a-*"], "composed_of": []}),
    ("no priority", TEMPLATE, {"index_patterns": ["a-*"]}, {"index_patterns": ["a-*"], "priority": 0}),
    (
        "a priority as text",
        TEMPLATE,
        {"index_patterns": ["a-*"], "priority": "7"},
        {"index_patterns": ["a-*"], "priority": 7},
    ),
    (
        "the stream of OpenSearch",
        TEMPLATE,
        STREAM,
        {**STREAM, "data_stream": {"timestamp_field": {"name": "@timestamp"}}},
    ),
    (
        "the stream of Elasticsearch",
        TEMPLATE,
        STREAM,
        {**STREAM, "data_stream": {"hidden": False, "allow_custom_routing": False}},
    ),
    (
        "nothing to ignore",
        TEMPLATE,
        {"index_patterns": ["a-*"]},
        {"index_patterns": ["a-*"], "ignore_missing_component_templates": [], "template": {"settings": {}}},
    ),
    (
        "a pipeline of Elasticsearch 9",
        PIPELINE,
        {"processors": [{"set": {"field": "a", "value": 1}}], "version": "2"},
        {
            "processors": [{"set": {"value": 1, "field": "a"}}],
            "version": 2,
            "created_date_millis": 1,
            "modified_date": "x",
            "deprecated": False,
            "field_access_pattern": "classic",
            "_meta": {},
        },
    ),
    ("a phase at once", ILM, ilm(hot={"actions": {}}), ilm(hot={"min_age": "0ms", "actions": {}})),
    ("a phase at none", ILM, ilm(hot={"min_age": 0, "actions": {}}), ilm(hot={"min_age": "0s", "actions": {}})),
    (
        "an age in hours",
        ILM,
        ilm(warm={"min_age": "168h", "actions": {}}),
        ilm(warm={"min_age": "7d", "actions": {}}),
    ),
    (
        "a rollover in other units",
        ILM,
        ilm(hot={"actions": {"rollover": {"max_age": "1440m", "max_primary_shard_size": "51200mb", "max_docs": 10}}}),
        ilm(hot={"actions": {"rollover": {"max_age": "1d", "max_primary_shard_size": "50GB", "max_docs": "10"}}}),
    ),
    (
        "what deletes its snapshot",
        ILM,
        ilm(delete={"min_age": "1d", "actions": {"delete": {}}}),
        ilm(delete={"min_age": "1d", "actions": {"delete": {"delete_searchable_snapshot": True}}}),
    ),
    (
        "an allocation",
        ILM,
        ilm(warm={"actions": {"allocate": {"number_of_replicas": 1}}}),
        ilm(warm={"actions": {"allocate": {"number_of_replicas": 1, "include": {}, "exclude": {}, "require": {}}}}),
    ),
    ("a bare policy", ILM, {"phases": {"hot": {"actions": {}}}}, ilm(hot={"actions": {}})),
    (
        "a policy as OpenSearch shows it",
        ISM,
        ism(
            ism_template={"index_patterns": ["a-*"]},
            states=[
                {
                    "name": "hot",
                    "actions": [{"rollover": {"min_index_age": "24h"}}],
                    "transitions": [{"state_name": "cold", "conditions": {"min_size": "1024mb"}}],
                }
            ],
        ),
        ism(
            policy_id="logs",
            last_updated_time=1,
            schema_version=21,
            error_notification=None,
            user={"name": "admin"},
            ism_template=[{"index_patterns": ["a-*"], "priority": 0, "last_updated_time": 1}],
            states=[
                {
                    "name": "hot",
                    "actions": [
                        {
                            "retry": {"count": 3, "backoff": "exponential", "delay": "1m"},
                            "rollover": {"min_index_age": "1d", "copy_alias": False},
                        }
                    ],
                    "transitions": [{"state_name": "cold", "conditions": {"min_size": "1gb"}}],
                }
            ],
        ),
    ),
    ("a state with nothing to do", ISM, ism(), ism(states=[HOT_STATE], ism_template=None)),
    (
        "templates in another order",
        ISM,
        ism(ism_template=[{"index_patterns": ["b-*"], "priority": 1}, {"index_patterns": ["a-*"]}]),
        ism(
            ism_template=[{"index_patterns": ["a-*"], "priority": "0"}, {"index_patterns": ["b-*"], "priority": "1"}]
        ),
    ),
]


@pytest.mark.parametrize(("kind", "one", "other"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_says_the_same_has_one_form(kind: str, one: Body, other: Body) -> None:
    assert form(kind, one) == form(kind, other)


OTHER: list[tuple[str, str, Body, Body]] = [
    ("no shards and one", COMPONENT, {"template": {}}, settings(number_of_shards=1)),
    ("a setting that is reset", COMPONENT, {"template": {}}, settings(number_of_shards=None)),
    ("shards and replicas", COMPONENT, settings(number_of_shards=1), settings(number_of_replicas=1)),
    (
        "another type",
        COMPONENT,
        mappings(properties={"a": {"type": "long"}}),
        mappings(properties={"a": {"type": "text"}}),
    ),
    ("an object and no field", COMPONENT, mappings(properties={"a": {"type": "object"}}), mappings(properties={})),
    (
        "dotted fields without subobjects",
        COMPONENT,
        mappings(subobjects=False, properties={"a.b": {"type": "long"}}),
        mappings(subobjects=False, properties={"a": {"properties": {"b": {"type": "long"}}}}),
    ),
    (
        "dynamic templates in another order",
        COMPONENT,
        mappings(dynamic_templates=[{"a": {"match": "x"}}, {"b": {"match": "x*"}}]),
        mappings(dynamic_templates=[{"b": {"match": "x*"}}, {"a": {"match": "x"}}]),
    ),
    (
        "metadata as number and text",
        COMPONENT,
        {"template": {}, "_meta": {"a": 1}},
        {"template": {}, "_meta": {"a": "1"}},
    ),
    (
        "components in another order",
        TEMPLATE,
        {"index_patterns": ["a-*"], "composed_of": ["x", "y"]},
        {"index_patterns": ["a-*"], "composed_of": ["y", "x"]},
    ),
    ("a stream and none", TEMPLATE, STREAM, {"index_patterns": ["a-*"]}),
    ("managed and not", COMPONENT, {"template": {"lifecycle": {}}}, {"template": {}}),
    ("switched off", COMPONENT, {"template": {"lifecycle": {}}}, {"template": {"lifecycle": {"enabled": False}}}),
    ("a hidden stream", TEMPLATE, STREAM, {**STREAM, "data_stream": {"hidden": True}}),
    (
        "a value as number and text",
        PIPELINE,
        {"processors": [{"set": {"field": "a", "value": 1}}]},
        {"processors": [{"set": {"field": "a", "value": "1"}}]},
    ),
    (
        "processors in another order",
        PIPELINE,
        {"processors": [{"drop": {}}, {"fail": {"message": "x"}}]},
        {"processors": [{"fail": {"message": "x"}}, {"drop": {}}]},
    ),
    ("another age", ILM, ilm(warm={"min_age": "7d", "actions": {}}), ilm(warm={"min_age": "8d", "actions": {}})),
    ("an action and none", ILM, ilm(warm={"actions": {"readonly": {}}}), ilm(warm={"actions": {}})),
    ("a phase and none", ILM, ilm(hot={"actions": {}}), ilm(hot={"actions": {}}, warm={"actions": {}})),
    ("another state", ISM, ism(), ism(default_state="cold")),
    (
        "more attempts",
        ISM,
        ism(states=[{"name": "hot", "actions": [{"delete": {}}]}]),
        ism(states=[{"name": "hot", "actions": [{"delete": {}, "retry": {"count": 5}}]}]),
    ),
    (
        "another pattern",
        ISM,
        ism(ism_template={"index_patterns": ["a-*"]}),
        ism(ism_template={"index_patterns": ["b-*"]}),
    ),
]


@pytest.mark.parametrize(("kind", "one", "other"), [case[1:] for case in OTHER], ids=[case[0] for case in OTHER])
def test_what_says_something_else_has_another_form(kind: str, one: Body, other: Body) -> None:
    assert form(kind, one) != form(kind, other)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (COMPONENT, mappings(properties={"a": "keyword", "b": None})),
        (COMPONENT, mappings(properties=["a"], dynamic_templates={"a": 1}, runtime={"a": "long"}, fields=[1])),
        (COMPONENT, mappings(dynamic_templates=["a", {"b": {"mapping": "long", "runtime": 1}}])),
        (ILM, ilm(hot=None, warm={"actions": None, "min_age": None})),
        (ISM, ism(states=[{"actions": [{"delete": None, "retry": "often"}], "transitions": [{"conditions": 1}]}])),
    ],
)
def test_what_only_the_server_can_judge_has_a_form_too(kind: str, body: Body) -> None:
    assert form(kind, body) == form(kind, body)


@pytest.mark.parametrize("kind", [COMPONENT, TEMPLATE, PIPELINE, ILM, ISM])
def test_what_the_server_has_added_to_an_export_is_not_sent(kind: str) -> None:
    of_server = {"created_date": "x", "created_date_millis": 1, "modified_date": "x", "modified_date_millis": 1}
    policy = {
        "policy_id": "a",
        "last_updated_time": 1,
        "schema_version": 21,
        "states": [],
        "error_notification": None,
    }
    template = {"index_patterns": ["a-*"], "last_updated_time": 1}
    bodies: dict[str, tuple[Body, Body]] = {
        COMPONENT: ({"template": {}, **of_server}, {"template": {}}),
        TEMPLATE: ({"index_patterns": ["a-*"], **of_server}, {"index_patterns": ["a-*"]}),
        PIPELINE: ({"processors": [], **of_server}, {"processors": []}),
        ILM: ({"phases": {}}, {"policy": {"phases": {}}}),
        ISM: (
            {"policy": {**policy, "ism_template": [template]}, "_seq_no": 1},
            {"policy": {"states": [], "ism_template": [{"index_patterns": ["a-*"]}]}},
        ),
    }
    exported, plain = bodies[kind]
    assert sent(kind, exported) == plain


def test_a_mapping_is_sent_without_the_type_around_it() -> None:
    body = {"template": {"mappings": {"_doc": {"dynamic": False}}, "settings": {"a": 1}}}
    assert sent(COMPONENT, body) == {"template": {"mappings": {"dynamic": False}, "settings": {"a": 1}}}
