"""YAML as helm and kubectl read it: what is right is what helm 3.17 and 4.3 made of these texts."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.documents import document, documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, text) for text in ("22:30", "1:20:30", "2026-01-31", "2001-12-14t21:59:43.10-05:00", "1.2.3", "=")],
        *[("1e3", 1000), ("1.5e3", 1500), ("-2E+2", -200), (".5", 0.5), ("1.", 1), ("1.0", 1), ("0.1", 0.1)],
        *[("0644", 420), ("0o644", 420), ("08", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("+1", 1)],
        *[("0777_7", 4095), ("123456789012345678901", 1.2345678901234568e20), ("1e400x", "1e400x"), ("-.", "-.")],
        *[("y", True), ("Off", False), ("~", None), ("Null", None), ("", None), ('"yes"', "yes"), ("'1'", "1")],
    ],
)
def test_a_plain_scalar_is_what_go_makes_of_it(text: str, value: Any) -> None:
    found = document(f"it: {text}")["it"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("!!binary aGVsbG8=", "hello"), ("!!binary gA==", "\ufffd"), ("!!set {a, b}", {"a": None, "b": None})],
        *[("!!timestamp 2020-01-01", "2020-01-01"), ("!!omap [{a: 1}]", [{"a": 1}]), ("!!int '12'", 12)],
        *[("!Ref x", "x"), ("!Sub {a: 1}", {"a": 1}), ("!GetAtt [a, 1]", ["a", 1])],
    ],
)
def test_a_tag_is_what_go_makes_of_it(text: str, value: Any) -> None:
    assert document(f"it: {text}")["it"] == value


def test_keys_are_texts() -> None:
    assert document("{1: a, n: b, on: c, 1.50: d, x: e}") == {
        "1": "a",
        "false": "b",
        "true": "c",
        "1.5": "d",
        "x": "e",
    }


def test_a_merge_takes_in_the_anchored_mapping() -> None:
    found = document("base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\n")
    assert found["more"] == {"a": 1, "b": 3}


def test_a_stream_has_all_of_its_documents() -> None:
    assert documents("a: 1\n---\n---\nb: 2\n") == [{"a": 1}, None, {"b": 2}]
