"""Units that are worked on in jobs of a work pool: what is done there, and what follows from it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import ClaimLost, Interrupted, Refused, RolledBack
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.jobs.work import work
from tasks.promotion import claims
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, unit


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def test_every_call_of_an_engine_is_a_job(shop: Shop) -> None:
    shop.promoted("blue")
    every = [f"{call} {name}" for call in ("plan", "apply", "settle") for name in ("network", "app", "mail")]
    # It needs a unit that has no outputs yet, so it is validated before anything is changed.
    assert sorted(shop.pool.calls) == sorted([*every, "validate app"])
    assert shop.live()["app"] == {"it": "blue"}


def test_nothing_is_a_job_where_no_pool_is_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path, MemoryStore())
    shop.promoted("blue")
    assert shop.pool.submitted == []


def test_the_tools_own_validators_are_run_by_the_job_once_a_run(shop: Shop) -> None:
    bad = shop.release("bad", *shop.units("blue", mail={"more": "bleu"}))
    with pytest.raises(Refused, match="more is misspelled"):
        shop.promote(bad)
    assert sorted(shop.world.validated) == ["mail", "network"]
    assert "apply mail" not in shop.pool.calls


def test_what_exists_already_is_found_by_the_job_that_plans(shop: Shop) -> None:
    shop.world.by_hand("dev", "mail", it="old")
    shop.promoted("blue")
    assert "adopt mail" not in shop.pool.calls
    assert shop.state().baselines["mail"].data == {"objects": {"it": "old"}}


def test_a_plan_that_is_another_one_by_the_time_of_its_apply_is_tested_again_before_it_is_applied(shop: Shop) -> None:
    def meanwhile(environment: str, job: str) -> str:
        shop.world.by_hand("dev", "mail", extra="thing")
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-mail-apply-", meanwhile)]
    shop.promoted("blue")
    assert shop.pool.calls.count("apply mail") == shop.pool.calls.count("plan mail") == 2
    assert shop.world.done.count("apply dev/mail") == 1
    assert shop.live()["mail"] == {"it": "blue"}


def test_a_plan_that_is_never_the_same_twice_is_not_applied(shop: Shop) -> None:
    def meanwhile(environment: str, job: str) -> str:
        shop.world.by_hand("dev", "mail", it=job)
        return shop.pool.done(environment, job)

    shop.promoted("blue")
    shop.pool.instead = [("-mail-apply-", meanwhile)] * 2
    with pytest.raises(RolledBack, match="not what was planned any more"):
        shop.promote(shop.release("green", *shop.units("green")))
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}


def test_a_job_of_a_run_that_lost_its_claim_applies_nothing(keeping: Shop) -> None:
    keeping.promoted("blue")
    plan = keeping.pool.desk().request(next(job for job in keeping.pool.submitted if "-mail-apply-" in job))
    stale = keeping.pool.desk().ask(plan)
    with pytest.raises(ClaimLost, match="does not hold the environment"):
        work(keeping.pool.job_runtime(), "dev", stale)
    assert keeping.world.done.count("apply dev/mail") == 1


def test_a_bug_in_a_job_is_one_of_the_run(shop: Shop) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("by zero")

    shop.world.fail("mail", "plan", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: by zero"):
        shop.promote(shop.release("blue"))


@pytest.mark.parametrize("left", ["abandoned", "claim lost"])
def test_a_job_ends_its_tools_once_nobody_waits_for_it(shop: Shop, left: str) -> None:
    stopped: list[bool] = []

    def at_work(engine: FakeEngine, _: Plan) -> Applied:
        if left == "abandoned":
            shop.pool.desk().abandon(shop.pool.submitted[-1])
        else:
            claims.take_over(shop.runtime.ledger(), "dev", run_is_over=True)
        deadline = time.monotonic() + 120
        while not engine.workspace.processes.stopped and time.monotonic() < deadline:
            time.sleep(0.01)
        stopped.append(engine.workspace.processes.stopped)
        return Applied(Outcome.UNANSWERED, detail="interrupted")

    def watched(environment: str, job: str) -> str:
        with suppress(Exception):
            work(shop.pool.job_runtime(), environment, job, watch=0.01)
        return "Completed"

    shop.world.fail("mail", "apply", at_work)
    shop.pool.instead = [("-mail-apply-", watched)]
    with suppress(ClaimLost, Interrupted):
        shop.promote(shop.release("one", unit("mail")))
    assert stopped == [True]


def test_outputs_reach_the_jobs_of_units_that_take_them(shop: Shop) -> None:
    taking = unit("app", needs=("network",), objects={"it": "{network.it}"})
    shop.promote(shop.release("blue", unit("network", objects={"it": "blue"}), taking))
    assert shop.live()["app"] == {"it": "blue"}
