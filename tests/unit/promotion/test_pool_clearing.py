"""Jobs in the store: they are there for as long as a recovery may need them, and no longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Interrupted, InvalidInput
from tasks.domain.outcome import Applied
from tasks.domain.plan import Plan
from tasks.domain.release import Target
from tasks.jobs.clearing import ABANDONED_LONG_AGO, ANSWERED_LONG_AGO, clear
from tasks.jobs.records import Answer, JobRequest
from tasks.jobs.work import work
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, rejected
from tests.unit.promotion.pools import KeepingStore, lost_after

MAIL = Target("blue", "dev", "mail")


class Killed(BaseException):
    """The process of the run is gone."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def kept(shop: Shop, environment: str = "dev") -> set[str]:
    """The jobs that the store has."""
    return {*shop.pool.desk(environment).files()}


def killed_in_apply(shop: Shop, unit: str) -> None:
    """The run of a promotion is killed while a job applies a unit; the job's machine is lost, too."""

    def happens(environment: str, job: str) -> str:
        shop.pool.taken(environment, job)
        raise Killed

    shop.pool.instead = [(f"-{unit}-apply-", happens)]
    with pytest.raises(Killed):
        shop.promote(shop.release("green", *shop.units("green")))


def test_a_promotion_leaves_no_job_behind(shop: Shop) -> None:
    shop.promoted("blue")
    assert shop.pool.submitted != []
    assert kept(shop) == set()


def test_neither_does_one_that_is_rolled_back(shop: Shop) -> None:
    shop.world.fail("mail", "apply", rejected)
    with pytest.raises(Exception, match="quota exceeded"):
        shop.promote(shop.release("blue"))
    assert kept(shop) == set()


def test_drift_that_is_looked_for_leaves_no_job_behind(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.drift(blue)
    assert any("-drift-" in job for job in shop.pool.submitted)
    assert kept(shop) == set()


def test_what_a_killed_run_asked_for_is_kept_until_its_claim_is_closed(shop: Shop) -> None:
    shop.promoted("blue")
    killed_in_apply(shop, "mail")
    asked = kept(shop)
    assert any("-mail-apply-" in job for job in asked)
    # A drift report beside it closes no claim.
    shop.drift("blue")
    assert kept(shop) == asked
    # `recover` needs them: it knows from them that mail may still be worked on, and that a person says it is not.
    assert shop.recover()
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}
    assert kept(shop) == set()


def test_they_are_kept_while_the_environment_is_interrupted(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=False))]
    with pytest.raises(Interrupted):
        shop.promote(shop.release("blue"))
    (lost,) = {job for job in kept(shop) if "-mail-apply-" in job}
    since = shop.clock.now() - timedelta(days=1)
    assert [job for job, _ in shop.pool.desk().unanswered_applies(since)] == [lost]
    shop.recover()
    assert kept(shop) == set()


def test_those_of_another_environment_are_kept(shop: Shop) -> None:
    other = shop.pool.desk("staging")
    job = other.ask(JobRequest("apply", Target("blue", "staging", "mail"), "blue", claim="staging/1"))
    shop.promoted("blue")
    assert kept(shop, "staging") == {job}


@pytest.mark.parametrize("answered", [True, False])
def test_a_job_of_a_killed_run_without_a_claim_is_removed_when_it_is_old(shop: Shop, answered: bool) -> None:
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("drift", MAIL, "blue"))
    if answered:
        desk.answer(job, Answer("2030-01-07T12:00:00+00:00"))
    fresh, now = shop.pool.desk(), shop.clock.now()
    long_ago = ANSWERED_LONG_AGO if answered else ABANDONED_LONG_AGO
    assert clear(fresh, 1000, now + long_ago - timedelta(minutes=1)) == 0
    assert clear(fresh, 1000, now + long_ago + timedelta(minutes=1)) == 1
    assert kept(shop) == set()


def test_a_job_of_a_later_claim_is_kept(shop: Shop) -> None:
    desk = shop.pool.desk()
    jobs = [desk.ask(JobRequest("plan", MAIL, "blue", claim=f"dev/{number}")) for number in (9, 10, 11)]
    clear(shop.pool.desk(), 10, shop.clock.now())
    assert kept(shop) == {jobs[2]}


def test_a_job_that_begins_after_it_was_removed_does_nothing(shop: Shop) -> None:
    late: list[str] = []

    def waits(environment: str, job: str) -> str:
        late.append(job)
        return "Crashed: its machine was full"

    shop.pool.instead = [("-mail-plan-", waits)]
    shop.promoted("blue")
    before = dict(shop.live())
    with pytest.raises(InvalidInput, match="no run asks for a job"):
        work(shop.pool.job_runtime(), "dev", late[0])
    assert shop.live() == before
    assert kept(shop) == set()


def test_an_answer_that_comes_after_all_is_removed_by_the_next_run(shop: Shop) -> None:
    lost: list[str] = []

    def noted(environment: str, job: str) -> str:
        lost.append(job)
        return lost_after(shop, done=True)(environment, job)

    shop.pool.instead = [("-mail-apply-", noted)]
    shop.promoted("blue")
    shop.pool.desk().answer(lost[0], Answer("2030-01-07T13:00:00+00:00"))
    assert kept(shop) == {*lost}
    shop.promoted("green")
    assert kept(shop) == set()


def test_a_store_that_lets_nobody_remove_anything_holds_up_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, KeepingStore(), pooled=True)
    blue = shop.promoted("blue")
    assert shop.drift(blue).unanswered == {}
    assert {*shop.pool.submitted} == kept(shop)


def test_the_jobs_of_a_run_are_removed_without_reading_them_again(shop: Shop) -> None:
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    shop.promoted("blue")
    assert store.asked["remove"] == 2


def test_what_is_at_work_under_another_claim_is_not_touched(shop: Shop) -> None:
    """Between the end of a claim and the removal of its jobs, somebody else claims the environment."""
    shop.promoted("blue")
    seen: list[set[str]] = []

    def look(engine: FakeEngine, plan: Plan) -> Applied | None:
        job = next(job for job in shop.pool.submitted[::-1] if "-mail-apply-" in job)
        clear(shop.pool.desk(), shop.state().number - 1000, shop.clock.now())
        seen.append({job} & kept(shop))
        return engine.carry_out(plan)

    shop.world.fail("mail", "apply", look)
    shop.promoted("green")
    assert [len(each) for each in seen] == [1]


def test_only_jobs_are_ever_removed(tmp_path: Path) -> None:
    store: Any = MemoryStore()
    store.create("ledger/dev/00000001.json", b"{}")
    with pytest.raises(InvalidInput, match=r"ledger/dev/00000001\.json is never removed"):
        store.remove(["ledger/dev/00000001.json"])
    assert store.names("ledger") == ("ledger/dev/00000001.json",)
