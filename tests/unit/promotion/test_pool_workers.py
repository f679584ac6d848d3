"""Machines of a work pool that lack something: what they cannot begin is no rejection of the release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import FlowmartError, Interrupted, InvalidInput, Refused, RolledBack
from tasks.domain.platform import Environment
from tasks.jobs.work import work
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import NoAccess, rejected

Lacking = Callable[[Shop, str, str], Any]
"""Does a job of an environment on a machine that lacks something."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


class NoCredentials(NoAccess):
    """The machine may not take the role that applies."""

    def writing(self, environment: Environment) -> Mapping[str, str]:
        raise Refused(f"{environment.name}: no AWS credentials here")


def without_the_tool(shop: Shop, environment: str, job: str) -> None:
    def missing(*_: Any) -> Any:
        raise InvalidInput("the tool is not on PATH")

    shop.world.fail("mail", "plan", missing)
    work(shop.pool.job_runtime(), environment, job)


def without_credentials(shop: Shop, environment: str, job: str) -> None:
    work(replace(shop.pool.job_runtime(), access=NoCredentials()), environment, job)


def without_the_release(shop: Shop, environment: str, job: str) -> None:
    class Elsewhere:
        def of(self, release: str) -> Any:
            raise InvalidInput(f"release {release} cannot be read here")

    work(replace(shop.pool.job_runtime(), checkouts=Elsewhere()), environment, job)


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
