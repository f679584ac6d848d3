"""The engine elasticsearch keeps its promises with lifecycle policies and templates of both products, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput, Unanswered
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.platform import Environment
from tasks.domain.release import Inputs
from tasks.domain.servers import Secret
from tasks.engines import ENGINES
from tasks.engines.contract import EngineContract, Story, Subject
from tests.doubles import search_double
from tests.doubles.api_server import Said
from tests.doubles.search_double import SearchDouble


def ilm(colour: str) -> dict[str, Any]:
    hot = {"actions": {"rollover": {"max_age": "24h", "max_primary_shard_size": "51200mb"}}}
    delete = {"min_age": "168h", "actions": {"delete": {}}}
    return {"policy": {"_meta": {"colour": colour}, "phases": {"hot": hot, "delete": delete}}}


def ism(colour: str) -> dict[str, Any]:
    states = [{"name": "hot", "actions": [{"rollover": {"min_index_age": "24h"}}]}]
    template = {"index_patterns": ["paint-*"]}
    return {"policy": {"description": colour, "default_state": "hot", "states": states, "ism_template": template}}


def template(colour: str) -> dict[str, Any]:
    return {"index_patterns": ["paint-*"], "data_stream": {}, "priority": 7, "_meta": {"colour": colour}}


KINDS = {
    "ilm": ("ilm-policies", "_ilm/policy", ilm, "_meta"),
    "ism": ("ism-policies", "_plugins/_ism/policies", ism, "description"),
    "template": ("index-templates", "_index_template", template, "_meta"),
}


@pytest.fixture(params=[("ilm", False), ("ism", True), ("template", False)], ids=lambda about: about[0])
def about(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server(about: Any) -> Iterator[SearchDouble]:
    with search_double.serving(opensearch=about[1]) as double:
        yield double


def subject_of(kind: str, server: SearchDouble) -> Subject:
    folder, api, body, differs = KINDS[kind]
    key = (api, "paint")

    def found() -> str | None:
        if key not in server.objects:
            return None
        there = server.objects[key].get("policy", server.objects[key])
        return str(there["description"] if kind == "ism" else there["_meta"]["colour"])

    return Subject(
        engine=ENGINES["elasticsearch"],
        environment=Environment("dev", elasticsearch=ElasticsearchServer(server.url)),
        files=lambda colour: {f"{folder}/paint.json": json.dumps(body(colour))},
        found=found,
        tamper=lambda: server.objects.update({key: body("by hand")}),
        differs=differs,
    )


class TestContract(EngineContract):
    @pytest.fixture
    def subject(self, about: Any, server: SearchDouble) -> Subject:
        return subject_of(about[0], server)


@pytest.fixture
def elasticsearch() -> Iterator[SearchDouble]:
    with search_double.serving(opensearch=False) as double:
        yield double


@pytest.fixture
def story(elasticsearch: SearchDouble, tmp_path: Path) -> Story:
    return Story(subject_of("template", elasticsearch), tmp_path)


AWAY = Said(503, b'{"error": {"type": "master_not_discovered_exception", "reason": "none"}}')


def test_no_answer_is_never_a_rejection(story: Story, elasticsearch: SearchDouble) -> None:
    plan = story.plan("blue")
    elasticsearch.instead = AWAY
    with pytest.raises(Unanswered):
        story.engine("blue").apply(plan)
    with pytest.raises(Unanswered):
        story.plan("blue")
    with pytest.raises(Unanswered):
        story.engine("blue").observe(plan)


def test_an_answer_that_is_lost_while_writing_is_observed(story: Story, elasticsearch: SearchDouble) -> None:
    plan, answer = story.plan("blue"), elasticsearch.double.answer

    def losing(asked: Any) -> Said:
        said = answer(asked)
        return AWAY if asked.method == "PUT" else said

    elasticsearch.double.answer = losing
    assert story.engine("blue").apply(plan).outcome is Outcome.UNANSWERED
    elasticsearch.double.answer = answer
    assert story.engine("blue").observe(plan).progress is Progress.DONE


def test_without_a_server_the_key_to_add_is_named(story: Story) -> None:
    engine = ENGINES["elasticsearch"].make(replace(story.workspace("blue"), environment=Environment("dev")))
    with pytest.raises(InvalidInput, match=r"dev has no `logging.elasticsearch`; add it to platform.yaml"):
        engine.plan(Inputs())


def test_a_sensitive_input_is_refused(story: Story) -> None:
    with pytest.raises(InvalidInput, match=r"inputs\.password is sensitive"):
        story.engine("blue").plan(Inputs({"password": "(sensitive value)"}))


def test_a_priority_that_no_input_fills_in_is_refused(story: Story) -> None:
    story.subject = replace(
        story.subject,
        files=lambda colour: {"index-templates/paint.json": json.dumps({**template(colour), "priority": "${first}"})},
    )
    with pytest.raises(InvalidInput, match=r"paint: priority is '\$\{first\}'; give the unit that input"):
        story.plan("blue")
    assert story.engine("blue").plan(Inputs({"first": 7})).changes[0].after["priority"] == 7  # type: ignore[index]


def test_changes_are_written_with_the_credentials_for_writing(
    story: Story, elasticsearch: SearchDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READS", "a")
    monkeypatch.setenv("WRITES", "b")
    reader = ElasticsearchServer(elasticsearch.url, api_key=Secret(variable="READS"))
    server = replace(reader, writer=replace(reader, api_key=Secret(variable="WRITES")))
    story.subject = replace(story.subject, environment=Environment("dev", elasticsearch=server))
    story.promote("blue")
    used = {(asked.method == "PUT", asked.headers["Authorization"]) for asked in elasticsearch.double.asked}
    assert (True, "ApiKey b") in used
    assert (True, "ApiKey a") not in used
    assert (False, "ApiKey a") in used


BOTH = {
    "index.lifecycle.name": "paint",
    "plugins.index_state_management.rollover_alias": "paint",
    "refresh_interval": "5s",
}


@pytest.mark.parametrize(
    ("opensearch", "kept", "left"),
    [(True, "index_state_management", "lifecycle"), (False, "lifecycle", "index_state_management")],
)
def test_settings_of_the_other_products_lifecycles_are_left_out_and_said(
    tmp_path: Path, opensearch: bool, kept: str, left: str
) -> None:
    with search_double.serving(opensearch=opensearch) as double:
        body = json.dumps({"template": {"settings": BOTH}})
        files = {"component-templates/paint.json": body}
        environment = Environment("dev", elasticsearch=ElasticsearchServer(double.url))
        subject = replace(subject_of("template", double), files=lambda _: files, environment=environment)
        story = Story(subject, tmp_path)
        plan = story.plan("blue")
        assert any(f"{left}." in each and "is left out" in each for each in plan.warnings)
        assert not any(f"{kept}." in each for each in plan.warnings)
        story.promote("blue")
        (written,) = double.objects.values()
        assert kept in str(written)
        assert left not in str(written)
        assert story.plan("blue").changes == ()
