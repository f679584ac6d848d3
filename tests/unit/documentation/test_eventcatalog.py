"""The pages for EventCatalog: its layout, its front matter, and bodies that MDX reads as text."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tasks.documentation import Facts, eventcatalog
from tests.formats.mermaid import charts

SCHEMAS = json.loads((Path(__file__).parents[2] / "golden/eventcatalog/collections.schema.json").read_text())
PLACES = {
    "domains/*/index.mdx": "domain",
    "domains/*/services/*/index.mdx": "service",
    "domains/*/flows/*/index.mdx": "flow",
    "users/*.mdx": "user",
    "teams/*.mdx": "team",
}
_CODE = re.compile(r"^```.*?^```$|(`+)(?!`).*?(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL)


@pytest.fixture
def pages(facts: Facts) -> dict[str, str]:
    return {path: page.text for path, page in eventcatalog.pages(facts).items()}


def front(page: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(page.split("---\n")[1])
    return found


def body(page: str) -> str:
    return page.split("---\n", 2)[2]


def kind(path: str) -> str:
    """The collection that takes a file: the pattern with as many folders that matches."""
    (found,) = [name for glob, name in PLACES.items() if fnmatch(path, glob) and path.count("/") == glob.count("/")]
    return found


def test_every_file_is_one_of_a_collection_and_has_its_front_matter(pages: dict[str, str]) -> None:
    for path, page in pages.items():
        schema = {"$defs": SCHEMAS["$defs"], "$ref": f"#/$defs/{kind(path)}"}
        Draft202012Validator(schema).validate(front(page))
    assert {kind(path) for path in pages} == {*PLACES.values()}


def test_every_pointer_leads_to_a_page(pages: dict[str, str]) -> None:
    there: dict[str, set[str]] = {}
    for path, page in pages.items():
        there.setdefault(kind(path), set()).add(front(page)["id"])
    named = re.findall(r"\[\[(\w+)\\?\|([\w-]+)\]\]", "\n".join(pages.values()))
    assert {(type_, name) for type_, name in named if name not in there[type_]} == set()
    assert {type_ for type_, _ in named} == {"service", "flow"}
    for page in pages.values():
        found = front(page)
        assert {each["id"] for each in found.get("services", ())} <= there["service"]
        assert {each["id"] for each in found.get("flows", ())} <= there["flow"]
        assert {*found.get("owners", ())} <= there["user"] | there["team"]
        ids = [step["id"] for step in found.get("steps", ())]
        assert len(ids) == len({*ids})
        assert {onward["id"] for step in found.get("steps", ()) for onward in step.get("next_steps", ())} <= {*ids}


def test_the_flows_are_the_graphs_of_environments_and_units(pages: dict[str, str]) -> None:
    def arrows(flow: str) -> set[tuple[str, str]]:
        steps = front(pages[f"domains/flowmart/flows/{flow}/index.mdx"])["steps"]
        return {(step["id"], onward["id"]) for step in steps for onward in step.get("next_steps", ())}

    assert arrows("flowmart--promotion") == {("release", "dev"), ("dev", "staging")}
    assert arrows("flowmart--dev") == {("first", "second"), ("second", "end")}
    assert arrows("flowmart--staging") == {("first", "second")}


def test_ids_of_releases_stay_text_for_yaml_of_any_version(pages: dict[str, str]) -> None:
    for page in pages.values():
        written = re.findall(r'^ *(?:- )?"(?:version|release)": (.*)$', page, re.MULTILINE)
        assert all(value.startswith('"') for value in written)


def test_owners_are_users_and_teams(pages: dict[str, str]) -> None:
    assert front(pages["teams/acme-infra.mdx"])["name"] == "@acme/infra"
    assert front(pages["users/anna-acme.example.mdx"])["email"] == "anna@acme.example"
    assert "email" not in front(pages["users/ben.mdx"])


def test_bodies_hold_no_expression_of_mdx(pages: dict[str, str]) -> None:
    for page in pages.values():
        prose = _CODE.sub("", body(page)).replace("<NodeGraph />", "")
        assert re.findall(r"[{}<>]|^(?:import|export)\b", prose, re.MULTILINE) == []
        charts(page)


def test_front_matter_that_a_collection_does_not_have_is_noticed() -> None:
    schema = {"$defs": SCHEMAS["$defs"], "$ref": "#/$defs/flow"}
    wrong = {"id": "a", "name": "a", "version": "1", "steps": [{"id": "x", "title": "x", "steps": []}]}
    assert not Draft202012Validator(schema).is_valid(wrong)
