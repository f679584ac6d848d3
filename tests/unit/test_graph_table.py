"""How `flowmart status` shows the environments: as a graph, with what may come next and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deployments.cli import graph_table
from tasks.domain.platform import Environment, Platform
from tasks.domain.release import Provenance
from tasks.ledger.state import EnvironmentState, Past
from tasks.reports.board import Column, board

STAGING = Environment("staging")
EU = Environment("production-eu", after=("staging",), soak=7200.0)
US = Environment("production-us", after=("staging",))
ARCHIVE = Environment("archive", after=("production-eu", "production-us"))
ALL = (STAGING, EU, US, ARCHIVE)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def states(**verified: str) -> dict[str, EnvironmentState]:
    """Every environment; those named (with _ for -) have a release verified since noon."""
    empty = {one.name: EnvironmentState(one.name) for one in ALL}
    there = {
        name.replace("_", "-"): EnvironmentState(
            name.replace("_", "-"),
            verified=release,
            verified_at=NOON.isoformat(timespec="milliseconds"),
            past=Past(origins={"b": Provenance(subject="Paint it blue")}),
        )
        for name, release in verified.items()
    }
    return empty | there


def shown(found: Mapping[str, EnvironmentState], now: datetime = NOON) -> list[tuple[str, ...]]:
    said = {one.name: "fine" for one in ALL}
    return list(graph_table.rows(columns(found, now), said))


def columns(found: Mapping[str, EnvironmentState], now: datetime = NOON) -> tuple[Column, ...]:
    return board(Platform("shop", ALL, ()), found, now).columns


def test_each_wave_is_indented_below_the_one_before() -> None:
    assert [row[0] for row in shown(states())] == ["staging", "  production-eu", "  production-us", "    archive"]


def test_a_row_says_what_it_comes_after_and_since_when_a_release_is_verified() -> None:
    found = shown(states(production_eu="b"))
    assert found[1] == ("  production-eu", "staging", "b", "Paint it blue", "2026-11-23 12:00", "fine")
    assert found[3] == ("    archive", "production-eu, production-us", "-", "", "-", "fine")


@pytest.mark.parametrize(
    ("verified", "said"),
    [
        ({}, ["fine", "fine", "fine", "fine"]),
        ({"staging": "b"}, ["fine", "fine; b soaks until 2026-11-23 14:00:00 UTC", "fine; b may begin", "fine"]),
        ({"staging": "b", "production_eu": "b"}, ["fine", "fine", "fine; b may begin", "fine"]),
        ({"production_eu": "b", "production_us": "a"}, ["fine", "fine", "fine", "fine"]),
        ({"production_eu": "b", "production_us": "b"}, ["fine", "fine", "fine", "fine; b may begin"]),
    ],
)
def test_the_release_that_may_come_next_is_named(verified: dict[str, str], said: list[str]) -> None:
    assert [row[5] for row in shown(states(**verified))] == said


def test_a_release_that_was_rejected_here_does_not_come_next() -> None:
    found = states(staging="b")
    found["production-us"] = replace(found["production-us"], rejected=frozenset({"b"}))
    assert shown(found)[2][5] == "fine"


def test_the_document_of_an_environment_has_its_place_in_the_graph() -> None:
    staging, eu, *_ = columns(states(staging="b"))
    assert graph_table.document(eu) == {
        "after": ["staging"],
        "there": None,
        "subject": "",
        "since": None,
        "arriving": None,
        "next": "b",
        "soaks_until": "2026-11-23T14:00:00+00:00",
        "links": [],
    }
    assert graph_table.document(staging)["since"] == NOON.isoformat(timespec="milliseconds")
