"""Machines of a work pool that lack something: what they cannot begin is not a rejection of the release."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks import process_identity
from tasks.domain.errors import (
    FlowmartError,
    Interrupted,
    InvalidInput,
    Refused,
    RolledBack,
    Unanswered,
    Unequipped,
)
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment
from tasks.domain.release import Inputs
from tasks.jobs.work import work
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, NoAccess, engine_of, rejected

Lacking = Callable[[Shop, str, str], Any]
"""Does a job of an environment on a machine that lacks something."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


class NoCredentials(NoAccess):
    """The machine may not take the roles."""

    def reading(self, environment: Environment) -> Mapping[str, str]:
        raise Refused(f"{environment.name}: no AWS credentials here")

    def writing(self, environment: Environment) -> Mapping[str, str]:
        raise Refused(f"{environment.name}: no AWS credentials here")


def without_the_tool(shop: Shop, environment: str, job: str) -> None:
    def missing(*_: Any) -> Any:
        raise Unequipped("the tool is not on PATH")

    request = shop.pool.desk(environment).request(job)
    rolls_back = request.call == "plan" and request.making.inputs is None
    verbs = {"plan": "plan_rollback" if rolls_back else "plan", "apply": "plan", "drift": "detect_drift"}
    shop.world.fail(request.target.unit, verbs[request.call], missing)
    work(shop.pool.job_runtime(), environment, job)


def without_credentials(shop: Shop, environment: str, job: str) -> None:
    work(replace(shop.pool.job_runtime(), access=NoCredentials()), environment, job)


def without_the_release(shop: Shop, environment: str, job: str) -> None:
    class Elsewhere:
        def of(self, release: str) -> Any:
            raise InvalidInput(f"release {release} cannot be read here")

    work(replace(shop.pool.job_runtime(), checkouts=Elsewhere()), environment, job)


def with_a_full_disk(shop: Shop, environment: str, job: str) -> None:
    class Full:
        def of(self, release: str) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device")

    work(replace(shop.pool.job_runtime(), checkouts=Full()), environment, job)


def without_a_word_of_secrets(shop: Shop, environment: str, job: str) -> None:
    def telling(*_: Any) -> Any:
        raise Refused("the tool was run with password=hunter2-hunter2")

    shop.world.fail("mail", "plan", telling)
    work(shop.pool.job_runtime(), environment, job)


def on(shop: Shop, lacking: Lacking, ends: list[str]) -> Callable[[str, str], str]:
    def done(environment: str, job: str) -> str:
        with pytest.raises(FlowmartError) as raised:
            lacking(shop, environment, job)
        ends.append(str(raised.value))
        return "Failed"

    return done


LACKING = pytest.mark.parametrize(
    "lacking", [without_the_tool, without_credentials, without_the_release, without_a_word_of_secrets]
)


@LACKING
def test_an_apply_that_one_machine_cannot_begin_is_planned_again_and_done_by_another(
    shop: Shop, lacking: Lacking
) -> None:
    ends: list[str] = []
    shop.pool.instead = [("-mail-apply-", on(shop, lacking, ends))]
    shop.promoted("blue")
    assert "could not begin to apply it" in ends[0]
    assert shop.pool.calls.count("plan mail") == shop.pool.calls.count("apply mail") == 2
    assert shop.live()["mail"] == {"it": "blue"}


@LACKING
def test_a_release_that_no_machine_can_begin_to_apply_is_not_rolled_back(shop: Shop, lacking: Lacking) -> None:
    shop.promoted("blue")
    shop.pool.instead = [("-mail-apply-", on(shop, lacking, []))] * 2
    with pytest.raises(Interrupted, match="could not begin to apply it"):
        shop.promote(shop.release("green", *shop.units("green")))
    assert shop.live()["network"] == {"it": "green"}
    assert shop.live()["mail"] == {"it": "blue"}
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    assert [name for name, content in store.objects.items() if b"hunter2" in content] == []


class AskingEngine(FakeEngine):
    """As tools do, it takes its credentials before it plans."""

    def plan(self, inputs: Inputs) -> Plan:
        self.workspace.reading()
        return super().plan(inputs)


def asking_without_credentials(shop: Shop, environment: str, job: str) -> None:
    asking = replace(engine_of(shop.world), make=lambda workspace: AskingEngine(shop.world, workspace))
    runtime = replace(shop.pool.job_runtime(), access=NoCredentials(), engines={"fake": asking})
    work(runtime, environment, job)


PLANLESS = pytest.mark.parametrize(
    ("lacking", "why"),
    [
        (without_the_tool, "the tool is not on PATH"),
        (asking_without_credentials, "no AWS credentials here"),
        (without_the_release, "cannot be read here"),
        (with_a_full_disk, "No space left on device"),
    ],
)


@PLANLESS
def test_a_plan_that_one_machine_cannot_make_is_made_by_another(shop: Shop, lacking: Lacking, why: str) -> None:
    ends: list[str] = []
    shop.pool.instead = [("-mail-plan-", on(shop, lacking, ends))]
    shop.promoted("blue")
    host = process_identity.current().host
    assert f"{host} could not plan it: " in ends[0]
    assert why in ends[0]
    assert shop.pool.calls.count("plan mail") == 2


@PLANLESS
def test_a_release_that_no_machine_can_plan_is_not_rejected_and_nothing_is_changed(
    shop: Shop, lacking: Lacking, why: str
) -> None:
    shop.promoted("blue")
    shop.pool.instead = [("-mail-plan-", on(shop, lacking, []))] * 3
    with pytest.raises(Unanswered, match=why):
        shop.promote(shop.release("green", *shop.units("green")))
    assert shop.state().rejected == frozenset()
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}


def test_a_unit_that_no_machine_can_plan_in_its_turn_rolls_nothing_back(shop: Shop) -> None:
    shop.promoted("blue")

    def on_bad_ones(environment: str, job: str) -> str:
        # Planned with the others, it was good: only its turn meets machines without the tool.
        shop.pool.instead = [("-app-plan-", on(shop, without_the_tool, []))] * 3
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-network-apply-", on_bad_ones)]
    with pytest.raises(Unanswered, match="the tool is not on PATH"):
        shop.promote(shop.release("green", *shop.units("green")))
    assert shop.live()["network"] == {"it": "green"}
    assert shop.state().rejected == frozenset()


def test_a_rollback_that_one_machine_cannot_plan_is_done_by_another(shop: Shop) -> None:
    shop.promoted("blue")
    ends: list[str] = []

    def on_a_bad_one(environment: str, job: str) -> str:
        shop.pool.instead = [("-network-plan-", on(shop, without_the_tool, ends))]
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-app-apply-", on_a_bad_one)]
    shop.world.fail("app", "apply", rejected)
    with pytest.raises(RolledBack):
        shop.promote(shop.release("green", *shop.units("green")))
    assert len(ends) == 1
    assert shop.live() == {name: {"it": "blue"} for name in ("network", "app", "mail")}


def test_drift_that_one_machine_cannot_look_for_is_not_known(shop: Shop) -> None:
    blue = shop.promoted("blue")
    shop.pool.instead = [("-mail-drift-", on(shop, without_the_tool, []))] * 3
    report = shop.drift(blue)
    assert [*report.unanswered] == ["mail"]
    assert "could not look for drift of it: the tool is not on PATH" in report.unanswered["mail"]


def test_what_the_tool_itself_says_of_a_plan_rejects_it(shop: Shop) -> None:
    def wrong(*_: Any) -> Any:
        raise InvalidInput("main.tf line 3: no such argument")

    shop.world.fail("mail", "plan", wrong)
    with pytest.raises(InvalidInput, match="no such argument"):
        shop.promote(shop.release("blue"))


def test_what_the_tool_itself_rejects_is_rolled_back(shop: Shop) -> None:
    shop.world.fail("mail", "apply", rejected)
    with pytest.raises(RolledBack, match="quota exceeded"):
        shop.promote(shop.release("blue"))


def test_a_job_that_prefect_does_not_take_is_no_rejection_and_not_waited_for(shop: Shop) -> None:
    def refused(*_: str) -> str:
        raise Refused("Prefect says no: 401 Unauthorized")

    shop.promoted("blue")
    before = shop.clock.slept
    shop.pool.instead = [("-mail-apply-", refused)] * 2
    with pytest.raises(Interrupted, match="401 Unauthorized"):
        shop.promote(shop.release("green", *shop.units("green")))
    assert shop.live()["mail"] == {"it": "blue"}
    assert shop.clock.slept - before < 60
