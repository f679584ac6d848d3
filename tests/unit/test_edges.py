"""Typed edges between units: what a reference becomes, and what is told when it leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.domain import references
from tasks.domain.errors import InvalidInput
from tasks.domain.values import MASK

UPSTREAM = {
    "database": {"endpoint": "db.internal", "port": 5432, "password": MASK, "replica": None},
    "networking": {"private_subnet_ids": ["a", "b"]},
    "compute": None,
}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("{database.endpoint}", "db.internal"),
        ("{database.port}", 5432),
        ("{networking.private_subnet_ids}", ["a", "b"]),
        ("postgres://{database.endpoint}:{database.port}/shop", "postgres://db.internal:5432/shop"),
        ("in {networking.private_subnet_ids}", 'in ["a", "b"]'),
        ({"a": [{"b": "{database.port}"}]}, {"a": [{"b": 5432}]}),
        (("{database.port}", 1), [5432, 1]),
        (True, True),
        ("${database.port} {{database.port}} {port}", "${database.port} {{database.port}} {port}"),
        ('{"json": 1}', '{"json": 1}'),
    ],
)  # fmt: skip
def test_a_reference_becomes_the_output(value: Any, filled: Any) -> None:
    assert references.fill(value, UPSTREAM) == filled


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{cache.endpoint}", r"cache is not among the units that are needed \(compute, database, networking\)"),
        ("{database.name}", "database has no output name; its outputs: endpoint, password, port"),
        ("{database.replica}", "database has no output replica"),
        ("{compute.name}", "compute has no output name; its outputs: none"),
        ("{database.password}", "is sensitive: hand on where the secret is kept"),
    ],
)
def test_a_reference_that_leads_nowhere_says_what_there_is(value: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        references.fill({"deep": [value]}, UPSTREAM)


def test_references_are_found_wherever_they_are() -> None:
    values = {"a": "{database.endpoint}:{database.port}", "b": ["{networking.vpc-id}", 3]}
    assert list(references.references(values)) == [
        ("database", "endpoint"),
        ("database", "port"),
        ("networking", "vpc-id"),
    ]
