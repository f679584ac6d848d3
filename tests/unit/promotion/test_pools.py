"""Units that are worked on in jobs of a work pool: what is done there, and what follows when a job is lost, late,
early, asked for by nobody, or never begun."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks import process_identity
from tasks.domain.errors import ClaimLost, Interrupted, InvalidInput, Refused, RolledBack, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Artifact, Plan
from tasks.domain.release import Target
from tasks.jobs.records import Answer, JobRequest
from tasks.jobs.work import work
from tasks.promotion import claims
from tasks.promotion.environment_run import opened
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeClock, FakeEngine, unit


class RepeatingStore(MemoryStore):
    """The answers to its writes of some files are lost; its client writes again, and finds what it wrote itself."""

    def __init__(self, *files: str) -> None:
        super().__init__()
        self.files = files

    def create(self, name: str, data: bytes) -> None:
        super().create(name, data)
        if name.endswith(self.files):
            super().create(name, bytes(bytearray(data)))


class SilentStore(MemoryStore):
    """Does not respond to some requests, once to each: ("read", the file's name)."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: set[tuple[str, str]] = set()

    def create(self, name: str, data: bytes) -> None:
        self._meet("create", name)
        super().create(name, data)

    def read(self, name: str) -> bytes:
        self._meet("read", name)
        return super().read(name)

    def _meet(self, call: str, name: str) -> None:
        if (call, name) in self.silent:
            self.silent.remove((call, name))
            raise Unanswered("the store does not respond")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def lost_after(shop: Shop, *, done: bool) -> Any:
    """A machine begins a job and does nothing, or everything; then it is gone without a word."""

    def happens(environment: str, job: str) -> str:
        shop.pool.taken(environment, job)
        if done:
            request = shop.pool.desk(environment).request(job)
            assert request.plan is not None
            here = shop.world.objects[environment, request.target.unit]
            here.update({each.address: str((each.after or {})["value"]) for each in request.plan.changes})
        return "Crashed: no sign of life"

    return happens


def nobody(_: str, __: str) -> str:
    """No worker is there."""
    return ""


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


def test_a_lost_job_is_over_once_a_person_says_so_and_its_late_answer_counts_no_more(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", lost_after(shop, done=False))]
    with pytest.raises(Interrupted):
        shop.promote(shop.release("blue"))
    assert shop.recover()
    desk, (lost,) = shop.pool.desk(), [job for job in shop.pool.submitted if "-mail-apply-" in job][:1]
    assert shop.live() == {name: {} for name in ("network", "app", "mail")}
    desk.answer(lost, Answer("2030-01-07T13:00:00+00:00"))
    assert (desk.answered(lost) or Answer("")).error == "gone"
    assert shop.promote("blue") is None


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


def test_without_a_worker_nothing_is_changed_and_the_pool_is_named(shop: Shop) -> None:
    shop.pool.instead = [("-mail-plan-", nobody)] * 3
    patient = [replace(each, time_limit=600) for each in shop.units()]
    with pytest.raises(Unanswered, match="no worker of the work pool units"):
        shop.promote(shop.release("blue", *patient))
    assert (shop.state().attempted, shop.state().claim, shop.world.done) == ((), None, [])
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


def test_a_job_that_nobody_took_in_time_is_never_begun(shop: Shop) -> None:
    shop.pool.instead = [("-mail-apply-", nobody), ("-mail-plan-", shop.pool.done), ("-mail-plan-", nobody)]
    with pytest.raises(Unanswered, match="was not begun, so it changed nothing"):
        shop.promote(shop.release("blue"))
    (late,) = [job for job in shop.pool.submitted if "-mail-apply-" in job]
    with pytest.raises(Refused, match="nobody waits for it any more"):
        work(shop.pool.job_runtime(), "dev", late)
    assert "apply dev/mail" not in shop.world.done
    assert shop.promote("blue") is None


def test_a_job_that_ends_before_it_began_is_not_waited_for(shop: Shop) -> None:
    shop.pool.instead = [("-mail-plan-", lambda *_: "Failed: this worker's store is another one")] * 3
    with pytest.raises(Unanswered, match="this worker's store is another one"):
        shop.promote(shop.release("blue"))
    assert shop.clock.slept < 60


def test_a_job_is_done_once(shop: Shop) -> None:
    shop.promoted("blue")
    (job,) = [job for job in shop.pool.submitted if "-mail-apply-" in job]
    with pytest.raises(Refused, match="done once at most"):
        work(shop.pool.job_runtime(), "dev", job)
    assert shop.world.done.count("apply dev/mail") == 1


@pytest.mark.parametrize("job", ["20300107T120000000000-mail-apply-0123abcd", "../../ledger/dev", ""])
def test_a_job_that_nobody_asked_for_is_refused(shop: Shop, job: str) -> None:
    shop.promoted("blue")
    with pytest.raises(InvalidInput, match="promotions start jobs themselves"):
        work(shop.pool.job_runtime(), "dev", job)


def test_a_job_of_a_run_that_lost_its_claim_applies_nothing(shop: Shop) -> None:
    shop.promoted("blue")
    plan = shop.pool.desk().request(next(job for job in shop.pool.submitted if "-mail-apply-" in job))
    stale = shop.pool.desk().ask(plan)
    with pytest.raises(ClaimLost, match="does not hold the environment"):
        work(shop.pool.job_runtime(), "dev", stale)
    assert shop.world.done.count("apply dev/mail") == 1


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


def test_a_bug_in_a_job_is_one_of_the_run(shop: Shop) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("by zero")

    shop.world.fail("mail", "plan", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: by zero"):
        shop.promote(shop.release("blue"))


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


def test_no_file_of_a_tool_is_in_the_store(shop: Shop) -> None:
    target = Target("blue", "dev", "mail")
    plan = Plan(target, "fake", (), "u", "i", artifact=Artifact(Path("secret.tfplan"), "0" * 64))
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", target, "blue", plan=plan))
    desk.answer(job, Answer("2030-01-07T12:00:00+00:00", plan=plan))
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    assert [name for name, content in store.objects.items() if b"tfplan" in content] == []
    assert (desk.request(job).plan or plan).digest == plan.digest


def test_outputs_reach_the_jobs_of_units_that_take_them(shop: Shop) -> None:
    taking = unit("app", needs=("network",), objects={"it": "{network.it}"})
    shop.promote(shop.release("blue", unit("network", objects={"it": "blue"}), taking))
    assert shop.live()["app"] == {"it": "blue"}


def test_a_machine_that_begins_a_job_is_in_the_store(shop: Shop) -> None:
    shop.promoted("blue")
    begun = [shop.pool.desk().begun(job) for job in shop.pool.submitted]
    assert {each.holder["pid"] for each in begun if each} == {process_identity.current().pid}


def test_looking_for_jobs_at_work_on_a_unit_reads_no_other_jobs(shop: Shop) -> None:
    desk, since, store = shop.pool.desk(), shop.clock.now() - timedelta(seconds=1), shop.runtime.store
    assert isinstance(store, MemoryStore)
    for call, name in [("apply", "mail"), ("plan", "mail"), *(("apply", f"other-{number}") for number in range(50))]:
        desk.begin(desk.ask(JobRequest(call, Target("blue", "dev", name), "blue")), {"host": name})  # type: ignore[arg-type]
    store.asked.clear()
    assert [begun.holder["host"] for _, begun in desk.unanswered_applies(since, "mail")] == ["mail"]
    assert store.asked["read"] == 2


def test_a_job_whose_beginning_was_written_twice_is_done(tmp_path: Path) -> None:
    shop = Shop(tmp_path, RepeatingStore("/begun.json"), pooled=True)
    shop.promoted("blue")
    assert shop.live()["mail"] == {"it": "blue"}


def test_a_withdrawal_that_was_written_twice_holds(tmp_path: Path) -> None:
    shop = Shop(tmp_path, RepeatingStore("/begun.json"), pooled=True)
    shop.pool.instead = [("-mail-plan-", nobody)] * 3
    with pytest.raises(Unanswered, match="no worker of the work pool units"):
        shop.promote(shop.release("blue"))


def test_a_job_that_was_withdrawn_is_withdrawn_again_and_never_begun(shop: Shop) -> None:
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", Target("blue", "dev", "mail"), "blue"))
    assert desk.begin(job, {"host": "here"}, withdrawn=True)
    assert desk.begin(job, {"host": "here"}, withdrawn=True)
    assert not desk.begin(job, {"host": "here"})


def test_a_job_that_was_begun_is_not_withdrawn(shop: Shop) -> None:
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", Target("blue", "dev", "mail"), "blue"))
    assert desk.begin(job, {"host": "here"})
    assert not desk.begin(job, {"host": "here"}, withdrawn=True)


def test_no_secret_of_a_jobs_error_is_in_the_store(shop: Shop) -> None:
    def telling(*_: Any) -> Any:
        raise Refused("the tool was run with password=hunter2-hunter2")

    shop.world.fail("mail", "plan", telling)
    with pytest.raises(Refused, match="the tool was run with password"):
        shop.promote(shop.release("blue"))
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    assert [name for name, content in store.objects.items() if b"hunter2" in content] == []


@pytest.mark.parametrize("call", ["read", "create"])
def test_an_apply_that_the_store_said_nothing_of_is_withdrawn_before_anything_else_of_its_unit(
    tmp_path: Path, call: str
) -> None:
    store = SilentStore()
    shop = Shop(tmp_path, store, pooled=True)
    found: list[Any] = []

    def nobody_yet(environment: str, job: str) -> str:
        store.silent.add((call, f"jobs/{environment}/{job}/begun.json"))
        return ""

    def look(environment: str, job: str) -> str:
        waiting = next(each for each in shop.pool.submitted if "-mail-apply-" in each)
        found.append(shop.pool.desk(environment).begun(waiting))
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-mail-apply-", nobody_yet), ("-mail-apply-", look)]
    shop.promoted("blue")
    assert store.silent == set()
    assert [each.withdrawn for each in found] == [True]
    assert "observe mail" not in shop.pool.calls


def test_a_plan_that_this_run_did_not_make_is_not_observed_by_another_plan(shop: Shop) -> None:
    shop.world.fail("mail", "observe", without_its_file)
    with opened(shop.runtime, shop.release("blue"), "dev") as run:
        made = run.engine(run.target("mail")).plan(run.inputs("mail", {}))
    with opened(shop.runtime, "blue", "dev") as other:
        seen = other.engine(other.target("mail")).observe(made)
    assert (seen.progress, seen.detail) == (Progress.PARTIAL, "it was planned by another run, so nobody can compare")
    assert shop.world.done == []
