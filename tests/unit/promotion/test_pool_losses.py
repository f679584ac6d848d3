"""Machines of a work pool that are lost with a job: another one observes, and nothing is applied twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Interrupted, StalePlan
from tasks.domain.outcome import Progress
from tasks.domain.plan import Plan
from tasks.domain.release import Target
from tasks.jobs.records import Answer
from tasks.promotion.environment_run import opened
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine
from tests.unit.promotion.pools import lost_after


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def test_a_lost_job_that_had_done_everything_is_observed_by_another(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=True))]
    shop.promoted("blue")
    assert shop.pool.calls.count("observe mail") == 1
    assert shop.kinds("unanswered", "observed") == ["unanswered mail", "observed mail"]


def without_its_file(_: FakeEngine, plan: Plan) -> Any:
    """The engine cannot observe, since the file that it had saved was on the machine that is lost."""
    raise StalePlan(f"{plan.target}: the plan file is gone; plan again")


def test_what_a_lost_job_did_is_seen_by_another_plan_where_the_tools_own_is_lost_with_it(shop: Shop) -> None:
    shop.world.fail("mail", "observe", without_its_file)
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=True))]
    shop.promoted("blue")
    assert shop.state().receipts["mail"].outputs == {"it": "blue"}


def test_what_a_lost_job_half_did_leaves_the_environment_interrupted(shop: Shop) -> None:
    def half(environment: str, job: str) -> str:
        shop.world.by_hand("dev", "mail", it="blue")
        return str(lost_after(shop, done=False)(environment, job))

    shop.world.fail("mail", "observe", without_its_file)
    shop.pool.instead = [("-mail-apply-", half)]
    with pytest.raises(Interrupted, match="partly done: still to do: more"):
        shop.promote(shop.release("blue", *shop.units("blue", mail={"more": "things"})))
    assert "apply dev/mail" not in shop.world.done


def test_nothing_more_is_applied_to_a_unit_while_a_lost_job_may_still_be_at_work(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=False))]
    with pytest.raises(Interrupted, match=r"may still be at work on lost-machine(.|\n)*--run-is-over"):
        shop.promote(shop.release("blue"))
    assert "apply dev/mail" not in shop.world.done
    assert shop.state().claim is not None


def test_a_lost_job_is_over_once_a_person_says_so_and_its_late_answer_counts_no_more(keeping: Shop) -> None:
    keeping.pool.instead = [("-mail-apply-", lost_after(keeping, done=False))]
    with pytest.raises(Interrupted):
        keeping.promote(keeping.release("blue"))
    assert keeping.recover()
    desk, (lost,) = keeping.pool.desk(), [job for job in keeping.pool.submitted if "-mail-apply-" in job][:1]
    assert keeping.live() == {name: {} for name in ("network", "app", "mail")}
    desk.answer(lost, Answer("2030-01-07T13:00:00+00:00"))
    assert (desk.answered(lost) or Answer("")).error == "gone"
    assert keeping.promote("blue") is None


def test_locks_of_a_job_that_a_person_said_is_over_are_those_of_an_earlier_holder(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=False))]
    with pytest.raises(Interrupted):
        shop.promote(shop.release("blue"))
    seen: list[Any] = []

    def look(environment: str, job: str) -> str:
        with opened(shop.pool.job_runtime(), "blue", environment) as run:
            seen.extend(run.workspace(Target("blue", environment, "mail")).ended)
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-mail-plan-", look)]
    assert shop.recover()
    assert "lost-machine" in {each.host for each in seen}


def test_a_plan_that_this_run_did_not_make_is_not_observed_by_another_plan(shop: Shop) -> None:
    shop.world.fail("mail", "observe", without_its_file)
    with opened(shop.runtime, shop.release("blue"), "dev") as run:
        made = run.engine(run.target("mail")).plan(run.inputs("mail", {}))
    with opened(shop.runtime, "blue", "dev") as other:
        seen = other.engine(other.target("mail")).observe(made)
    assert (seen.progress, seen.detail) == (Progress.PARTIAL, "it was planned by another run, so nobody can compare")
    assert shop.world.done == []
