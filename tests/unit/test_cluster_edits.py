"""Edits of single fields: what leads from one manifest to another leads there from a third, too."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.edits import Edit, between, edited


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "b": 1}, {"b": 1}),
        ({"a": True}, {"a": 1}),
        ({"a": {}}, {"a": {"b": {"c": 1}}}),
        ({}, {"a": {"b": {"c": [1]}}}),
        ({"a": None}, {"a": {}}),
        ({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 1}, {"n": 3, "m": {}}]}),
        ({"a": [1, 2]}, {"a": [1]}),
        ({"a": {"b.c/d": "x"}}, {"a": {"b.c/d": "y"}}),
    ],
)
def test_the_edits_between_two_manifests_make_the_second_of_the_first(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = edited(one, between(one, other))
    assert repr(found) == repr(other)


def test_what_an_edit_is_not_about_is_as_it_was() -> None:
    edits = between({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}})
    assert edited({"a": {"b": 9, "x": 4}, "y": 5}, edits) == {"a": {"b": 2, "x": 4, "c": 3}, "y": 5}


def test_a_new_mapping_is_told_field_by_field() -> None:
    assert between({}, {"a": {"b": {"c": 1}}}) == [Edit(("a", "b", "c"), 1)]
