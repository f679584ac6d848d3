"""Jobs that are late, never begun, or not taken by Prefect; and a run that waits no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.jobs.work import work
from tasks.promotion.environment_run import opened
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeClock
from tests.unit.promotion.pools import nobody


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def test_without_a_worker_nothing_is_changed_and_the_pool_is_named(shop: Shop) -> None:
    shop.pool.instead = [("-mail-plan-", nobody)] * 3
    patient = [replace(each, time_limit=600) for each in shop.units()]
    with pytest.raises(Unanswered, match="no worker of the work pool units"):
        shop.promote(shop.release("blue", *patient))
    assert (shop.state().attempt.units, shop.state().claim, shop.world.done) == ((), None, [])
    assert 600 <= shop.clock.slept < 2 * 600


def test_a_worker_that_is_back_takes_a_job_though_an_earlier_one_waited_for_too_long(shop: Shop) -> None:
    with opened(shop.runtime, shop.release("blue"), "dev") as run:
        engine, inputs = run.engine(run.target("mail")), run.inputs("mail", {})
        shop.pool.instead = [("-mail-plan-", nobody)]
        with pytest.raises(Unanswered, match="no worker of the work pool units"):
            engine.plan(inputs)
        back = shop.clock.slept + 30

        def takes_it(seconds: float) -> None:
            FakeClock.sleep(shop.clock, seconds)
            if shop.clock.slept >= back and not shop.pool.desk().begun(shop.pool.submitted[-1]):
                shop.pool.done("dev", shop.pool.submitted[-1])

        shop.pool.instead = [("-mail-plan-", nobody)]
        shop.clock.sleep = takes_it  # type: ignore[method-assign]
        assert engine.plan(inputs).changes


def test_a_job_that_nobody_took_in_time_is_never_begun(keeping: Shop) -> None:
    keeping.pool.instead = [("-mail-apply-", nobody), ("-mail-plan-", keeping.pool.done), ("-mail-plan-", nobody)]
    with pytest.raises(Unanswered, match="was not begun, so it changed nothing"):
        keeping.promote(keeping.release("blue"))
    (late,) = [job for job in keeping.pool.submitted if "-mail-apply-" in job]
    with pytest.raises(Refused, match="nobody waits for it any more"):
        work(keeping.pool.job_runtime(), "dev", late)
    assert "apply dev/mail" not in keeping.world.done
    assert keeping.promote("blue") is None


def test_a_job_that_ends_before_it_began_is_not_waited_for(shop: Shop) -> None:
    shop.pool.instead = [("-mail-plan-", lambda *_: "Failed: this worker's store is another one")] * 3
    with pytest.raises(Unanswered, match="this worker's store is another one"):
        shop.promote(shop.release("blue"))
    assert shop.clock.slept < 60


def test_prefect_may_be_away_for_a_while(shop: Shop) -> None:
    shop.pool.away = 5
    shop.promoted("blue")
    assert shop.state().verified == "blue"


def test_a_job_that_was_done_though_prefect_never_said_that_it_has_it_is_not_given_out_again(shop: Shop) -> None:
    def answer_lost(environment: str, job: str) -> str:
        shop.pool.done(environment, job)
        return away()

    def away(*_: str) -> str:
        raise Unanswered("Prefect does not respond")

    shop.pool.instead = [("-mail-apply-", answer_lost), *[("-mail-apply-", away)] * 50]
    shop.promoted("blue")
    assert shop.pool.calls.count("apply mail") == 1
    assert shop.live()["mail"] == {"it": "blue"}


@pytest.mark.parametrize("stopped", [True, False])
def test_a_job_at_work_though_prefect_never_said_that_it_has_it_is_waited_for_like_others(
    shop: Shop, stopped: bool
) -> None:
    with opened(shop.runtime, shop.release("blue"), "dev") as run:

        def answer_lost(environment: str, job: str) -> str:
            shop.pool.taken(environment, job)
            if stopped:
                run.stop()
            raise Unanswered("Prefect does not respond")

        shop.pool.instead = [("-mail-plan-", answer_lost), ("-mail-plan-", lambda *_: "Crashed")]
        with pytest.raises(Unanswered, match="run is being cancelled" if stopped else "process is gone: Crashed"):
            run.engine(run.target("mail")).plan(run.inputs("mail", {}))
    assert len(set(shop.pool.submitted)) == 1
    assert shop.pool.desk().is_abandoned(shop.pool.submitted[0])


def test_a_run_without_its_pool_is_refused_before_anything_is_claimed(shop: Shop) -> None:
    shop.pool.absent = True
    with pytest.raises(Refused, match="no work pool units"):
        shop.promote(shop.release("blue"))
    assert shop.kinds() == []


def test_a_cancelled_run_tells_its_jobs_to_end(shop: Shop) -> None:
    with opened(shop.runtime, shop.release("blue"), "dev") as run:

        def cancelled(environment: str, job: str) -> str:
            shop.pool.taken(environment, job)
            run.stop()
            return ""

        shop.pool.instead = [("-mail-plan-", cancelled)]
        with pytest.raises(Unanswered, match="the run is being cancelled"):
            run.engine(run.target("mail")).plan(run.inputs("mail", {}))
    (job,) = shop.pool.submitted
    assert shop.pool.desk().is_abandoned(job)
