"""A release on its way through several environments: in order, side by side where they may be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import pytest

from tasks.domain.errors import FlowmartError, Refused, RollbackFailed, RolledBack, Unanswered
from tasks.domain.outcome import Applied
from tasks.domain.plan import Plan
from tasks.domain.platform import Approval
from tasks.promotion import eligibility
from tasks.promotion.passage import Passage, through
from tasks.promotion.stopping import Stops
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import FakeEngine, environment, rejected, unit

REGIONS = ("eu", "us", "ap")
FANNED = {"dev": (), "eu": ("dev",), "us": ("dev",), "ap": ("dev",), "archive": REGIONS}
TOGETHER = 30.0
"""Seconds after which a test fails whose regions did not meet."""


@pytest.fixture
def fanned(shop: Shop) -> Shop:
    """The shop with one unit, in dev, then in three regions, then in an archive."""
    shop.environments = [environment(name, *after) for name, after in FANNED.items()]
    return shop


def release(shop: Shop) -> str:
    return shop.release("blue", unit("app", good="blue", environments=tuple(FANNED)))


def passed(shop: Shop, to: str | None = None) -> Passage:
    name = release(shop)
    return through(eligibility.unfinished(shop.runtime, name, to), lambda where: shop.promote(name, where), Stops())


def meeting(parties: int) -> Callable[[FakeEngine, Plan], Applied | None]:
    """An apply that goes on only when so many are at work at once."""
    barrier = threading.Barrier(parties)

    def meet(_: FakeEngine, __: Plan) -> Applied | None:
        barrier.wait(TOGETHER)
        return None

    return meet


def test_regions_that_come_after_the_same_environment_run_side_by_side(fanned: Shop) -> None:
    meet = meeting(3)
    fanned.world.fail("app", "apply", lambda *_: None, meet, meet, meet)
    found = passed(fanned)
    assert (found.verified[0], {*found.verified[1:4]}, found.verified[4]) == ("dev", {*REGIONS}, "archive")


def test_a_region_that_fails_does_not_end_the_others(fanned: Shop) -> None:
    passed(fanned, to="dev")
    fanned.world.fail("app", "apply", *failing_in("us", 3))
    found = passed(fanned)
    assert {*found.verified} == {"eu", "ap"}
    assert [*found.failed] == ["us"]
    assert found.not_begun == ["archive"]
    assert fanned.state("us").rejected == {"blue"}
    assert fanned.state("eu").verified == fanned.state("ap").verified == "blue"


def test_the_error_says_how_it_went_in_each_environment(fanned: Shop) -> None:
    passed(fanned, to="dev")
    fanned.world.fail("app", "apply", *failing_in("us", 3))
    with pytest.raises(RolledBack) as raised:
        passed(fanned).refuse_failures()
    assert "us was rolled back" in str(raised.value)
    last = str(raised.value).splitlines()[-1]
    assert last in (
        "verified in eu, ap; failed in us; not begun in archive",
        "verified in ap, eu; failed in us; not begun in archive",
    )


def test_what_waits_for_an_approval_holds_up_nothing_beside_it(fanned: Shop) -> None:
    fanned.environments = [
        environment(name, *after, approval=Approval(when=("always",) if name == "us" else ()))
        for name, after in FANNED.items()
    ]
    found = passed(fanned)
    assert [request.environment for request in found.requests] == ["us"]
    assert {*found.verified} == {"dev", "eu", "ap"}
    assert found.not_begun == ["archive"]


def test_environments_of_one_chain_run_in_the_thread_that_signals_reach() -> None:
    threads: list[threading.Thread] = []
    chain: Mapping[str, Sequence[str]] = {"dev": (), "staging": ("dev",)}
    through(chain, lambda _: threads.append(threading.current_thread()), Stops())
    assert threads == [threading.main_thread()] * 2


def test_a_passage_that_is_interrupted_stops_the_runs_beside_it(fanned: Shop) -> None:
    passed(fanned, to="dev")
    begun, stops = threading.Barrier(2), Stops()

    def promote(where: str) -> None:
        if where == "us":
            begun.wait(TOGETHER)
            raise KeyboardInterrupt
        if where == "eu":
            ended = threading.Event()
            with stops.including(ended.set):
                begun.wait(TOGETHER)
                assert ended.wait(TOGETHER)

    with pytest.raises(KeyboardInterrupt):
        through({"us": (), "eu": ()}, promote, stops)
    with pytest.raises(Unanswered, match="being cancelled"), stops.including(print):
        pass


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((RolledBack("eu: no"), RolledBack("us: no")), RolledBack),
        ((RolledBack("eu: no"), RollbackFailed("us: stuck")), RollbackFailed),
        ((RolledBack("eu: no"), Unanswered("us: silent")), RolledBack),
        ((Unanswered("eu: silent"), Unanswered("us: silent")), Unanswered),
        ((Refused("eu: no"), RolledBack("us: no")), Refused),
    ],
)
def test_several_failures_amount_to_the_one_that_needs_most(
    errors: tuple[FlowmartError, ...], kind: type[FlowmartError]
) -> None:
    with pytest.raises(FlowmartError) as raised:
        Passage(failed=dict(zip(("eu", "us"), errors, strict=True))).refuse_failures()
    assert type(raised.value) is kind
    assert str(raised.value).endswith("failed in eu, us")


def failing_in(region: str, most: int) -> list[Callable[[FakeEngine, Plan], Applied | None]]:
    """Faults for so many applies, of which that region's first one is rejected."""
    left = [region]

    def fail(engine: FakeEngine, plan: Plan) -> Applied | None:
        if engine.place[0] not in left:
            return None
        left.remove(region)
        return rejected(engine, plan)

    return [fail] * most
