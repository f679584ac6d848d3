"""Which drift may stay: only what a suppression in force covers completely."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.domain.drift import DriftedObject
from tasks.domain.rules import Suppression
from tasks.drift import suppressions

TODAY = date(2030, 1, 31)


def item(*attributes: str, address: str = 'module.x.aws_subnet.a["eu"]') -> DriftedObject:
    return DriftedObject("compute", address, "aws_subnet", "update", ("changed",), attributes)


def until(day: str, *attributes: str, address: str = "*", unit: str = "compute") -> Suppression:
    return Suppression("dev", unit, address, f"reason {day}", day, attributes)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('module.x.aws_subnet.a["eu"]', True),
        ("module.x.*", True),
        ("*aws_subnet*", True),
        ("*", True),
        ("module.x", False),
        ("module.?.aws_subnet.a*", False),
        ('module.x.aws_subnet.[a]["eu"]', False),
        ("moduleAx.*", False),
    ],
)
def test_only_the_star_is_a_wildcard(pattern: str, matches: bool) -> None:
    assert suppressions.is_about(until("2030-01-31", address=pattern), item("tags")) is matches


@pytest.mark.parametrize(
    ("found", "declared", "day"),
    [
        (item("tags.Team"), [until("2030-01-31")], "2030-01-31"),
        (item(), [until("2030-01-31")], "2030-01-31"),
        (item("tags.Team"), [until("2030-01-31", "tags")], "2030-01-31"),
        (item("tags.Team"), [until("2030-01-31", "tags.Team")], "2030-01-31"),
        (item("tags_all"), [until("2030-01-31", "tags")], ""),
        (item("tags", "size"), [until("2030-01-31", "tags")], ""),
        (item("tags", "size"), [until("2030-02-02", "tags"), until("2030-02-01", "size")], "2030-02-01"),
        (item("tags"), [until("2030-02-01", "tags"), until("2030-03-01", "tags")], "2030-03-01"),
        (item(), [until("2030-01-31", "tags")], ""),
        (item("tags"), [until("2030-01-30")], ""),
        (item("tags"), [until("2030-01-31", unit="database")], ""),
        (item("tags"), [], ""),
    ],
)
def test_an_object_is_suppressed_until_the_first_of_its_suppressions_ends(
    found: DriftedObject, declared: list[Suppression], day: str
) -> None:
    assert suppressions.settle(found, declared, TODAY).until == day


@pytest.mark.parametrize(
    ("declared", "compared", "why"),
    [
        (until("2030-01-30"), ["compute"], "expired on 2030-01-30"),
        (until("2030-01-31", address="module.y.*"), ["compute"], "matches nothing"),
        (until("2030-01-31", "size"), ["compute"], "matches nothing"),
        (until("2030-01-31", "size"), [], None),
        (until("2030-01-31", "tags"), ["compute"], None),
    ],
)
def test_a_suppression_without_effect_is_listed(declared: Suppression, compared: list[str], why: str | None) -> None:
    found = suppressions.idle([declared], [item("tags")], compared, TODAY)
    assert [each.why for each in found] == ([why] if why else [])
