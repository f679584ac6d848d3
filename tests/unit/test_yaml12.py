"""YAML 1.2: what 1.1 makes numbers, dates and booleans of, and 1.2 leaves as it is written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tasks import yaml12


@pytest.mark.parametrize(
    ("written", "core"),
    [
        ("012345670123", 12345670123),
        ("22:30", "22:30"),
        ("yes", "yes"),
        ("no", "no"),
        ("2026-12-31", "2026-12-31"),
        ("1_000", "1_000"),
        ("0o17", 15),
        ("0x1f", 31),
        ("-1", -1),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_scalars_by_the_core_schema_and_as_text(written: str, core: Any) -> None:
    assert yaml12.load(f"key: {written}") == {"key": core}
    assert yaml12.load_text(f"key: {written}") == {"key": written}


def test_a_key_that_occurs_twice_is_an_error() -> None:
    with pytest.raises(yaml.YAMLError, match="key 'a' occurs twice"):
        yaml12.load("a: 1\na: 2\n")
