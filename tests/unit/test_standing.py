"""Where an environment stands, folded from entries that a real ledger wrote."""

from pathlib import Path
from typing import Any

import pytest

from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState, environment_state
from tasks.ledger.store import Store


class Told:
    """Writes entries as a promotion would, and says where that leads."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(Store.open(str(folder)), actor="ada")

    def write(self, kind: str, **body: Any) -> None:
        self.ledger.append("dev", kind, body)

    def claim(self, release: str) -> None:
        self.write("claimed", release=release, purpose="promote", holder={"host": "h", "pid": 1, "started": 0})

    def apply(self, unit: str, release: str, outcome: str = "succeeded") -> None:
        self.write("applying", unit=unit, release=release)
        self.write("applied", unit=unit, receipt=receipt(unit, release))
        self.write("smoked", unit=unit, outcome=outcome)

    def now(self) -> EnvironmentState:
        return environment_state("dev", self.ledger.entries("dev"))


def receipt(unit: str, release: str) -> dict[str, Any]:
    target = {"release": release, "environment": "dev", "unit": unit}
    digests = {"unit_digest": "u", "inputs_digest": "i", "plan_digest": "p"}
    return {"id": "", "at": "", "target": target, "outputs": {}, **digests}


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_before_anything_happened_there_is_nothing(told: Told) -> None:
    assert told.now() == EnvironmentState("dev")
    assert told.now().verified is None


def test_a_promotion_ends_verified_and_free(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write("verified", release="a")
    told.write("closed", outcome="succeeded")
    now = told.now()
    assert (now.verified, now.claim, now.smoked) == ("a", None, {"networking"})
    assert now.receipts["networking"].id == "dev/3"


def test_while_it_runs_it_knows_how_to_get_back(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write("verified", release="a")
    told.write("closed", outcome="succeeded")
    told.claim("b")
    told.write("applying", unit="networking", release="b")
    now = told.now()
    assert now.attempted == ("networking",)
    assert now.before["networking"].target.release == "a"
    assert (now.verified, now.verified_before) == (None, "a")


def test_taking_over_keeps_what_the_dead_run_began(told: Told) -> None:
    told.claim("a")
    told.write("applying", unit="networking", release="a")
    told.write("taken_over", holder={"host": "h", "pid": 2, "started": 1})
    now = told.now()
    assert now.claim is not None
    assert (now.claim.holder["pid"], now.claim.release) == (2, "a")
    assert now.attempted == ("networking",)


def test_a_failed_check_is_not_passed(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a", outcome="failed")
    assert told.now().smoked == frozenset()


def test_a_unit_that_was_rolled_back_to_nothing_is_gone(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write("rolled_back", unit="networking", receipt=None)
    assert told.now().receipts == {}


def test_a_kept_unit_stays_but_was_not_found_good(told: Told) -> None:
    told.claim("a")
    told.apply("database", "a")
    told.write("rolled_back", unit="database", receipt=receipt("database", "a"), kept="it is stateful")
    now = told.now()
    assert list(now.receipts) == ["database"]
    assert now.smoked == frozenset()


def test_a_rejected_release_leaves_the_one_before_verified(told: Told) -> None:
    told.write("verified", release="a")
    told.claim("b")
    told.write("applying", unit="networking", release="b")
    told.write("put_back", release="b")
    told.write("rejected", release="b", why="smoke")
    assert (told.now().verified, told.now().rejected) == ("a", {"b"})
    told.write("verified", release="b")
    assert (told.now().verified, told.now().rejected) == ("b", frozenset())


def test_a_unit_that_the_rejected_release_did_not_change_is_on_its_earlier_receipt(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write("verified", release="a")
    told.write("closed", outcome="succeeded")
    told.claim("b")
    told.write("applied", unit="networking", receipt=receipt("networking", "b"))
    told.write("put_back", release="b")
    assert told.now().receipts["networking"].target.release == "a"


def test_a_failed_rollback_blocks_until_it_is_resolved(told: Told) -> None:
    told.write("rollback_failed", unit="networking", why="no")
    assert told.now().blocked == "no"
    told.write("resolved", reason="done by hand")
    assert told.now().blocked is None


def test_entries_of_kinds_that_only_inform_change_nothing(told: Told) -> None:
    told.write("drift", release="a", drifted=[])
    told.write("a kind of the future")
    now = told.now()
    assert (now.receipts, now.claim, now.verified) == ({}, None, None)


def test_once_verified_there_is_nothing_to_put_back(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write("verified", release="a")
    now = told.now()
    assert (now.attempted, now.before, now.verified_before) == ((), now.receipts, "a")


def test_a_unit_that_had_not_passed_before_has_not_passed_when_it_is_back(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a", outcome="unanswered")
    told.write("closed", outcome="failed")
    told.claim("b")
    told.apply("networking", "b")
    told.write("rolled_back", unit="networking", receipt=receipt("networking", "a"))
    assert told.now().smoked == frozenset()
