"""Claims: one run at a time, given back by its owner, taken over only from the dead."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.domain.errors import EnvironmentBlocked, EnvironmentBusy
from tasks.domain.events import EnvironmentClaimed, UnitRollbackFailed
from tasks.ledger.chain import Ledger
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
    with pytest.raises(EnvironmentBusy, match="taken over by another"):
        claims.close(ledger, "dev", "succeeded")


def test_a_dead_run_is_taken_over_once(ledger: Ledger) -> None:
    held_by(ledger, **a_dead_process())
    claims.take_over(ledger, "dev")
    claims.close(ledger, "dev", "succeeded")
    with pytest.raises(EnvironmentBusy, match="somebody else has put it back meanwhile"):
        claims.take_over(ledger, "dev")


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
