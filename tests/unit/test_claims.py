"""Claims: one run at a time, given back by its owner, taken over only from the dead."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from tasks.domain.errors import ClaimLost, EnvironmentBlocked, EnvironmentBusy, Unanswered
from tasks.domain.events import ClaimClosed, EnvironmentClaimed, UnitApplying, UnitRollbackFailed
from tasks.domain.events.claims import EndedHolder
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store
from tasks.process_identity import current
from tasks.promotion import claims


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Store.open(str(tmp_path)), actor="ada")


def held_by(ledger: Ledger, **holder: object) -> None:
    ledger.append("dev", EnvironmentClaimed(release="a", purpose="promote", holder=holder))


def a_dead_process() -> dict[str, object]:
    return {**current().record(), "pid": 2**22 + 1}


def test_a_claim_keeps_others_out_until_it_is_closed(ledger: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    with pytest.raises(EnvironmentBusy, match=rf"ada began to promote a .*process {os.getpid()}"):
        claims.claim(ledger, "dev", "b", "promote")
    claims.close(ledger, "dev", "succeeded")
    claims.claim(ledger, "dev", "b", "promote")


def test_only_the_owner_gives_a_claim_back(ledger: Ledger) -> None:
    held_by(ledger, host="elsewhere", pid=1, started=0.0)
    with pytest.raises(ClaimLost):
        claims.close(ledger, "dev", "succeeded")


def test_a_dead_run_is_taken_over_once(ledger: Ledger) -> None:
    held_by(ledger, **a_dead_process())
    claims.take_over(ledger, "dev")
    claims.close(ledger, "dev", "succeeded")
    with pytest.raises(EnvironmentBusy, match="another run has already recovered it"):
        claims.take_over(ledger, "dev")


def test_a_claim_is_as_old_as_it_was_for_whoever_takes_it_over(ledger: Ledger) -> None:
    held_by(ledger, **a_dead_process())
    open_claim = ledger.state("dev").claim
    assert open_claim is not None
    assert claims.held_since(ledger.state("dev")) is None
    claims.take_over(ledger, "dev")
    assert claims.held_since(ledger.state("dev")) == datetime.fromisoformat(open_claim.at)


def test_a_living_run_is_not_taken_over(ledger: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    with pytest.raises(EnvironmentBusy, match="dev is busy"):
        claims.take_over(ledger, "dev")


def test_a_run_on_another_machine_is_over_only_when_a_person_says_so(ledger: Ledger) -> None:
    held_by(ledger, host="elsewhere", pid=1, started=0.0)
    with pytest.raises(EnvironmentBusy, match="--run-is-over"):
        claims.take_over(ledger, "dev")
    claims.take_over(ledger, "dev", run_is_over=True)
    assert ledger.entries("dev")[-1].body["run_is_over"] is True


def test_who_was_declared_to_be_over_is_known_as_long_as_the_claim_is_open(ledger: Ledger) -> None:
    held_by(ledger, **{**a_dead_process(), "host": "worker-1", "user": "flowmart"})
    claims.take_over(ledger, "dev", run_is_over=True)
    found, said = ledger.state("dev").claim, ledger.entries("dev")[1].at
    assert found is not None
    assert found.ended == (EndedHolder("flowmart", "worker-1", said),)
    claims.close(ledger, "dev", "succeeded")
    claims.claim(ledger, "dev", "a", "promote")
    found = ledger.state("dev").claim
    assert found is not None
    assert found.ended == ()


def test_a_run_whose_process_id_was_reused_is_taken_over(ledger: Ledger) -> None:
    held_by(ledger, **{**current().record(), "started": 1})
    claims.take_over(ledger, "dev")


def test_a_run_in_another_container_is_over_only_when_a_person_says_so(ledger: Ledger) -> None:
    held_by(ledger, **{**a_dead_process(), "namespace": "1"})
    with pytest.raises(EnvironmentBusy, match="--run-is-over"):
        claims.take_over(ledger, "dev")


def test_a_blocked_environment_says_how_to_free_it(ledger: Ledger) -> None:
    ledger.append("dev", UnitRollbackFailed(unit="first", release="a", why="it did not work"))
    with pytest.raises(EnvironmentBlocked, match=r"it did not work.*flowmart resolve dev"):
        claims.claim(ledger, "dev", "a", "promote")


def test_a_patient_run_begins_when_the_one_before_it_is_done(ledger: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(claims.claim, ledger, "dev", "b", "promote", 60.0)
        with pytest.raises(TimeoutError):
            second.result(0.2)
        claims.close(ledger, "dev", "succeeded")
        second.result()
    assert [entry.kind for entry in ledger.entries("dev")] == ["claimed", "closed", "claimed"]


def test_patience_ends_with_who_is_in_the_way(ledger: Ledger) -> None:
    held_by(ledger, host="elsewhere", pid=1, started=0.0)
    with pytest.raises(EnvironmentBusy, match="dev is busy"):
        claims.claim(ledger, "dev", "b", "promote", patience=0.1)


def test_nobody_waits_for_the_dead(ledger: Ledger) -> None:
    held_by(ledger, **a_dead_process())
    with pytest.raises(EnvironmentBusy, match="dev is busy"):
        claims.claim(ledger, "dev", "b", "promote", patience=3600.0)


APPLYING = UnitApplying(unit="first", release="a", plan="p")


@pytest.fixture
def other(tmp_path: Path) -> Ledger:
    """The ledger as another run sees it, in this very process."""
    return Ledger(Store.open(str(tmp_path)), actor="ben")


def close_by_another(ledger: Ledger) -> None:
    ledger.append("dev", ClaimClosed(outcome="failed"))


def take_over_and_close(ledger: Ledger) -> None:
    claims.take_over(ledger, "dev", run_is_over=True)
    claims.close(ledger, "dev", "succeeded")


def close_and_claim_again(ledger: Ledger) -> None:
    close_by_another(ledger)
    claims.claim(ledger, "dev", "a", "promote")


LOSSES = [lambda other: claims.take_over(other, "dev", run_is_over=True), close_by_another, take_over_and_close]


@pytest.mark.parametrize("lose", [*LOSSES, close_and_claim_again])
def test_a_run_that_lost_its_claim_writes_nothing_more(
    ledger: Ledger, other: Ledger, lose: Callable[[Ledger], object]
) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    lose(other)
    before = other.entries("dev")
    with pytest.raises(ClaimLost, match="flowmart history dev"):
        ledger.append("dev", APPLYING)
    with pytest.raises(ClaimLost):
        claims.close(ledger, "dev", "succeeded")
    assert other.entries("dev") == before


def test_the_claim_is_checked_again_after_a_lost_race(ledger: Ledger, other: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")

    def decide(_: EnvironmentState) -> UnitApplying:
        if other.state("dev").claim:
            close_by_another(other)
        return APPLYING

    with pytest.raises(ClaimLost, match="it was closed"):
        ledger.append("dev", decide)


def test_a_run_that_gave_its_claim_back_writes_nothing_more(ledger: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    claims.close(ledger, "dev", "succeeded")
    with pytest.raises(ClaimLost):
        ledger.append("dev", APPLYING)


def test_who_took_over_writes_under_the_claim(ledger: Ledger, other: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    claims.take_over(other, "dev", run_is_over=True)
    other.append("dev", APPLYING)
    assert other.state("dev").attempt.units == ("first",)


def test_a_claim_fences_its_own_environment_only(ledger: Ledger) -> None:
    claims.claim(ledger, "dev", "a", "promote")
    claims.close(ledger, "dev", "succeeded")
    ledger.append("staging", APPLYING)
    assert ledger.state("staging").attempt.units == ("first",)


def test_losing_the_claim_is_noticed_while_a_tool_runs(ledger: Ledger, other: Ledger) -> None:
    stopped = threading.Event()
    claim = claims.claim(ledger, "dev", "a", "promote")
    with claims.watched(ledger, claim, stopped.set, interval=0.01):
        claims.take_over(other, "dev", run_is_over=True)
        assert stopped.wait(60)


def test_a_claim_that_is_held_is_left_alone(ledger: Ledger) -> None:
    looks = CountingLedger(ledger)
    lost: list[bool] = []
    claim = claims.claim(ledger, "dev", "a", "promote")
    with claims.watched(looks, claim, lambda: lost.append(True), interval=0.01):
        assert looks.twice.wait(60)
    assert not lost


class CountingLedger(Ledger):
    """Knows when it was asked for the state twice."""

    def __init__(self, ledger: Ledger) -> None:
        self._asked = ledger
        self._times = 0
        self.twice = threading.Event()

    def state(self, environment: str) -> EnvironmentState:
        self._times += 1
        if self._times > 1:
            self.twice.set()
        return self._asked.state(environment)


def test_a_ledger_that_cannot_be_read_says_nothing_about_the_claim(ledger: Ledger) -> None:
    looks = SilentLedger(ledger)
    lost: list[bool] = []
    claim = claims.claim(ledger, "dev", "a", "promote")
    with claims.watched(looks, claim, lambda: lost.append(True), interval=0.01):
        assert looks.twice.wait(60)
    assert not lost


class SilentLedger(CountingLedger):
    """A store that does not respond."""

    def state(self, environment: str) -> EnvironmentState:
        super().state(environment)
        raise Unanswered("no answer")
