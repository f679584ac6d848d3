"""Questions about the past: which release to go back to, and entries in the order in which they happened."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, NotFound
from tasks.domain.events import EnvironmentThawed, ReleaseRejected, ReleaseVerified
from tasks.ledger.entries import Entry
from tasks.ledger.history import History, chronological
from tasks.settings import Settings


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(Settings(platform="shop", repository=tmp_path, store=str(tmp_path / "store"), actor="ada"))


def verify(history: History, *releases: str) -> None:
    for release in releases:
        history.ledger.append("dev", ReleaseVerified(release=release))


@pytest.mark.parametrize(
    ("verified", "earlier"),
    [(("a", "b"), "a"), (("a", "b", "a"), "b"), (("a", "b", "c", "d", "a"), "d"), (("a", "b", "b"), "a")],
)
def test_a_rollback_returns_to_the_release_that_the_current_one_replaced(
    history: History, verified: tuple[str, ...], earlier: str
) -> None:
    verify(history, *verified)
    assert history.earlier_release("dev", None) == earlier


def test_a_rollback_skips_a_rejected_release(history: History) -> None:
    verify(history, "a", "b", "c")
    history.ledger.append("dev", ReleaseRejected(release="b", why="slow"))
    assert history.earlier_release("dev", None) == "a"


def test_before_the_second_release_there_is_none_to_roll_back_to(history: History) -> None:
    verify(history, "a")
    with pytest.raises(InvalidInput, match="no release to roll back to; only a was verified here"):
        history.earlier_release("dev", None)


@pytest.mark.parametrize("name", ["dev/2", "dev/x", "dev", "nowhere/1"])
def test_a_missing_entry_says_how_to_list_all(history: History, name: str) -> None:
    verify(history, "a")
    with pytest.raises(NotFound, match="the ledger has no such entry; `flowmart history"):
        history.entry(name)


def entry(environment: str, number: int, at: str) -> Entry:
    return Entry(environment, number, f"2030-01-01T{at}", "ada", "", "", EnvironmentThawed(reason=""), "", "")


def test_entries_of_several_environments_are_ordered_by_time() -> None:
    dev = [entry("dev", 1, "10:00"), entry("dev", 2, "12:00")]
    staging = [entry("staging", 1, "11:00")]
    assert [each.id for each in chronological([dev, staging])] == ["dev/1", "staging/1", "dev/2"]


def test_a_clock_that_went_back_does_not_reorder_an_environment() -> None:
    dev = [entry("dev", 1, "10:00"), entry("dev", 2, "09:00"), entry("dev", 3, "11:00")]
    staging = [replace(dev[0], environment="staging", at="2030-01-01T10:30")]
    assert [each.id for each in chronological([dev, staging])] == ["dev/1", "dev/2", "staging/1", "dev/3"]
