"""What a change reaches, who wins, and what is in use."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.engines.elasticsearch import effects, patterns
from tasks.engines.elasticsearch.addresses import COMPONENT, ILM, PIPELINE, TEMPLATE, Address
from tasks.engines.elasticsearch.effects import Surroundings


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("logs-*", "logs-shop-*", True),
        ("logs-*-*", "logs-shop", False),
        ("*-eu", "logs-*", True),
        ("a*b", "b*a", False),
        ("a*b", "*a*", True),
        ("logs", "logs", True),
        ("logs", "logs*", True),
        ("logs", "log", False),
        ("*", "anything", True),
        ("a*c", "ab*d", False),
        ("a?b", "axb", False),
        ("a[b]", "a[b]", True),
    ],
)
def test_two_patterns_overlap_if_one_name_fits_both(one: str, other: str, expected: bool) -> None:
    assert patterns.overlap([one], [other]) is expected
    assert patterns.overlap([other], [one]) is expected


def test_only_a_star_stands_for_something() -> None:
    assert patterns.matches("logs-a", ["logs-*"])
    assert not patterns.matches("logs-a", ["logs-?", "logs-[a]"])


def template(pattern: str, priority: int = 0, **more: Any) -> dict[str, Any]:
    return {"index_patterns": [pattern], "priority": priority, "data_stream": {}, **more}


NOW = Surroundings(
    templates={
        "logs": template("logs-*", 100),
        "shop": template("logs-shop-*", 200, composed_of=["fields"]),
        "plain": {"index_patterns": ["logs-shop-*"], "priority": 900},
    },
    streams={"logs-shop-eu": 3, "logs-audit": 1},
    pipelines={"clean": [".ds-logs-shop-eu-000001"]},
)
SHOP, FIELDS = Address(TEMPLATE, "shop"), Address(COMPONENT, "fields")


def test_a_stream_follows_the_matching_template_for_streams_with_the_highest_priority() -> None:
    assert [NOW.governing(stream) for stream in NOW.streams] == ["shop", "logs"]


def test_a_component_reaches_the_streams_of_the_templates_that_it_is_in() -> None:
    wanted = {FIELDS: {"template": {"settings": {"a": 1}}}}
    assert effects.reached([FIELDS], wanted, {FIELDS: {"template": {}}}, NOW, NOW) == {"logs-shop-eu": 3}


@pytest.mark.parametrize(
    ("more", "reached"),
    [({"version": 2}, {}), ({"_meta": {"a": 1}}, {}), ({"template": {"settings": {"a": 1}}}, {"logs-shop-eu": 3})],
)
def test_what_no_index_takes_up_reaches_no_stream(more: dict[str, Any], reached: dict[str, int]) -> None:
    wanted = {SHOP: {**NOW.templates["shop"], **more}}
    after = NOW.after(wanted, ())
    assert effects.reached([SHOP], wanted, {SHOP: NOW.templates["shop"]}, NOW, after) == reached


def test_a_template_that_is_lost_to_another_reaches_its_streams() -> None:
    assert effects.reached([], {}, {}, NOW, NOW.after({}, [SHOP])) == {"logs-shop-eu": 3}


def test_a_template_is_in_use_while_no_other_takes_its_place() -> None:
    assert effects.in_use(SHOP, {}, NOW, NOW.after({}, [SHOP])) == ""
    both = [SHOP, Address(TEMPLATE, "logs")]
    assert effects.in_use(SHOP, {}, NOW, NOW.after({}, both)) == "data streams follow it: logs-shop-eu"


def test_a_component_is_in_use_while_a_template_that_stays_has_it() -> None:
    assert effects.in_use(FIELDS, {}, NOW, NOW.after({}, [FIELDS])) == "index templates are composed of it: shop"
    assert effects.in_use(FIELDS, {}, NOW, NOW.after({}, [FIELDS, SHOP])) == ""


def test_a_pipeline_is_in_use_by_indices_and_by_templates_that_stay() -> None:
    naming = template("a-*", template={"settings": {"index": {"final_pipeline": "enrich"}}})
    after = NOW.after({Address(TEMPLATE, "a"): naming}, ())
    assert effects.in_use(Address(PIPELINE, "enrich"), {}, NOW, after) == "documents go through it: index-template/a"
    assert effects.in_use(Address(PIPELINE, "clean"), {}, NOW, after).endswith(".ds-logs-shop-eu-000001")
    assert effects.in_use(Address(PIPELINE, "other"), {}, NOW, after) == ""


def test_a_policy_is_in_use_by_indices_and_by_templates_that_stay() -> None:
    policy = {"policy": {}, "in_use_by": {"indices": [], "data_streams": [], "composable_templates": ["shop"]}}
    about = Address(ILM, "keep")
    assert effects.in_use(about, policy, NOW, NOW) == "it is the policy of shop"
    assert effects.in_use(about, policy, NOW, NOW.after({}, [SHOP])) == ""
    assert effects.in_use(about, {"in_use_by": {"indices": ["a", "b", "c", "d"]}}, NOW, NOW).endswith(
        "a, b, c and 1 more"
    )


def test_who_has_a_say_besides_a_template_is_told() -> None:
    wanted = {SHOP: template("logs-shop-*", 100)}
    after = NOW.after(wanted, ())
    assert list(effects.conflicts([SHOP], after)) == [
        "index-template/shop: logs has the same priority (100) for the same names; give one of them another priority"
    ]
    assert list(effects.precedence([SHOP], after)) == [
        "index-template/shop: plain (priority 900, logs-shop-*) wins over it (100) where both match"
    ]
    assert next(effects.precedence([SHOP], NOW)).startswith("index-template/shop: wins (priority 200) over logs (100")


def test_surroundings_are_read_from_the_answers() -> None:
    found = effects.surroundings(
        {"index_templates": [{"name": "shop", "index_template": template("a-*")}]},
        {"data_streams": [{"name": "a-eu", "generation": 4, "template": "shop"}]},
        {
            "a": {"settings": {"index.default_pipeline": "clean"}},
            "b": {"settings": {"index.final_pipeline": "_none"}},
        },
    )
    assert (list(found.templates), found.streams, found.pipelines) == (["shop"], {"a-eu": 4}, {"clean": ["a"]})
    assert effects.surroundings(None, None, None) == Surroundings()


def test_a_template_takes_the_place_of_one_that_goes_only_with_the_same_names_and_priority() -> None:
    renamed = Address(TEMPLATE, "renamed")
    for priority, expected in ((200, [renamed]), (201, [])):
        after = NOW.after({renamed: template("logs-shop-*", priority)}, [SHOP])
        assert effects.displacing([renamed], NOW, after) == expected
