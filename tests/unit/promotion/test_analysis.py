"""Promotions with analyses: passed, failed, paused and what ends a pause, not begun, and taken up by another run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tasks.domain.analysis import Analysis, LogQuery, Metric
from tasks.domain.errors import (
    EnvironmentBusy,
    EnvironmentClosed,
    InvalidInput,
    PromotionPaused,
    Refused,
    RolledBack,
    Unanswered,
)
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.platform import Unit
from tasks.promotion import operations, pauses
from tasks.promotion.analysing import Analyses, watched
from tasks.promotion.runtime import Runtime
from tasks.promotion.session import taken_over
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import Found, PrometheusDouble, Said, document
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import environment, killed, unit

ERRORS = Metric("errors", query="error_ratio[{window}]", at_most=0.01, fail_above=0.05)
TEN_MINUTES = Analysis((ERRORS,), length=600.0, window=120.0, patience=300.0, decide_within=3600.0)
KINDS = ("applied", "analysed", "paused", "continued", "rolled_back", "rejected", "verified", "incident_accepted")


class Monitored:
    """The shop, with an analysis of `app`, and a Prometheus whose values depend on the time."""

    def __init__(self, shop: Shop, double: PrometheusDouble) -> None:
        self.shop = shop
        self.double = double
        self.analysis: Analysis | None = TEN_MINUTES
        double.now = lambda: shop.clock.now().timestamp()
        self.says(lambda _: 0.0)
        self._environments(None)

    def _environments(self, analysis: Analysis | None) -> None:
        server = PrometheusServer(self.double.url)
        dev = environment("dev", prometheus=server, analysis=analysis)
        self.shop.environments = (dev, environment("staging", "dev", prometheus=server))

    def of_environment(self, analysis: Analysis) -> None:
        self.analysis = None
        self._environments(analysis)

    def says(self, value: Callable[[float], Found]) -> None:
        self.double.values = {"error_ratio": value}

    def after(self, seconds: float, then: Found, before: Found = 0.0) -> None:
        """From so many seconds from now on, the value is another one."""
        moment = self.shop.clock.now().timestamp() + seconds
        self.says(lambda at: then if at > moment else before)

    def units(self, colour: str) -> list[Unit]:
        units = self.shop.units(colour)
        return [replace(unit, analysis=self.analysis) if unit.name == "app" else unit for unit in units]

    def promote(self, colour: str, **consent: Any) -> str:
        release = self.shop.release(colour, *self.units(colour))
        self.shop.promote(release, **consent)
        return release

    def paused(self, colour: str) -> str:
        """The message of a promotion that is paused."""
        with pytest.raises(PromotionPaused) as raised:
            self.promote(colour)
        return str(raised.value)

    def roll_back(self) -> Any:
        return operations.roll_back(self.shop.runtime, self.shop.executor, "dev")

    def resume(self, reason: str = "a known test") -> Any:
        return operations.resume(self.shop.runtime, self.shop.executor, "dev", reason)

    def look_again(self) -> bool:
        return pauses.look_again(self.shop.runtime, self.shop.executor, "dev")


def without_prometheus(runtime: Runtime) -> Runtime:
    return replace(runtime, settings=runtime.settings.model_copy(update={"prometheus": "none"}))


@pytest.fixture
def monitored(shop: Shop) -> Iterator[Monitored]:
    with prometheus_server.serving() as double:
        yield Monitored(shop, double)


def test_a_release_is_verified_once_its_analysis_has_passed(monitored: Monitored) -> None:
    began = monitored.shop.clock.slept
    release = monitored.promote("blue")
    assert monitored.shop.state().verified == release
    assert monitored.shop.clock.slept - began >= 660
    assert monitored.shop.kinds("analysed", "verified") == ["analysed app", "verified"]


def test_units_are_applied_while_others_are_analysed(monitored: Monitored) -> None:
    monitored.promote("blue")
    assert monitored.shop.kinds("applied", "analysed")[-1] == "analysed app"


def test_a_failed_analysis_rolls_back_at_once_with_its_evidence(monitored: Monitored) -> None:
    blue = monitored.promote("blue")
    monitored.after(1, 0.08)
    began = monitored.shop.clock.slept
    with pytest.raises(RolledBack, match=r"dev/app: analysis failed\n  errors .* 0.08 is bad, above 0.05"):
        monitored.promote("green")
    state = monitored.shop.state()
    assert (state.verified, state.rejected) == (blue, {"green"})
    assert {objects["it"] for objects in monitored.shop.live().values()} == {"blue"}
    assert monitored.shop.clock.slept - began < 420


def test_an_inconclusive_analysis_pauses_and_gives_the_environment_back(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.after(1, 0.03)
    told = monitored.paused("green")
    state = monitored.shop.state()
    assert (state.claim, state.verified, state.rejected) == (None, None, frozenset())
    assert state.paused is not None
    assert (state.paused.release, state.paused.doubtful, state.paused.subjects) == ("green", True, ("app",))
    assert "flowmart continue dev --reason" in told
    assert "errors" in state.paused.why
    assert {objects["it"] for objects in monitored.shop.live().values()} == {"green"}


def test_nothing_else_begins_while_it_is_paused(monitored: Monitored) -> None:
    monitored.after(1, 0.03)
    monitored.paused("blue")
    with pytest.raises(EnvironmentBusy, match="`flowmart continue dev"):
        monitored.promote("green")


def test_what_is_paused_is_continued_and_verified_by_another_run(monitored: Monitored) -> None:
    monitored.after(1, 0.03)
    monitored.paused("blue")
    monitored.shop.world.done.clear()
    assert monitored.resume("the load test of this week") == "blue"
    state = monitored.shop.state()
    assert (state.verified, state.paused, monitored.shop.world.done) == ("blue", None, [])
    assert monitored.shop.kinds(*KINDS)[-3:] == ["paused", "continued", "verified"]


def test_continuing_needs_a_reason_and_something_that_is_paused(monitored: Monitored) -> None:
    monitored.promote("blue")
    with pytest.raises(InvalidInput, match="say why"):
        monitored.resume(" ")
    with pytest.raises(Refused, match="nothing is paused here"):
        monitored.resume()


def test_what_is_paused_is_rolled_back_as_a_failed_analysis_would_be(monitored: Monitored) -> None:
    blue = monitored.promote("blue")
    monitored.after(1, 0.03)
    monitored.paused("green")
    assert monitored.roll_back() == blue
    state = monitored.shop.state()
    assert (state.verified, state.paused, state.rejected) == (blue, None, {"green"})
    assert {objects["it"] for objects in monitored.shop.live().values()} == {"blue"}


def test_a_first_release_that_is_paused_is_removed_by_a_rollback(monitored: Monitored) -> None:
    monitored.after(1, 0.03)
    monitored.paused("blue")
    assert monitored.roll_back() == ""
    assert all(not objects for objects in monitored.shop.live().values())


def test_doubtful_values_are_rolled_back_when_nobody_decides(monitored: Monitored) -> None:
    blue = monitored.promote("blue")
    monitored.after(1, 0.03)
    monitored.paused("green")
    assert monitored.look_again() is False
    monitored.shop.clock.sleep(3601)
    assert monitored.look_again() is True
    assert (monitored.shop.state().verified, monitored.shop.state().rejected) == (blue, {"green"})


def test_silence_is_never_rolled_back_but_said_again(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.after(1, None)
    monitored.paused("green")
    monitored.shop.clock.sleep(3601)
    assert monitored.look_again() is False
    assert monitored.look_again() is False
    state = monitored.shop.state()
    assert state.paused is not None
    assert (state.paused.release, state.paused.doubtful) == ("green", False)
    assert monitored.shop.kinds("paused", "rolled_back") == ["paused", "paused"]


def away_for(monitored: Monitored, seconds: float) -> None:
    until = monitored.shop.clock.now().timestamp() + seconds
    monitored.double.instead = lambda request: (
        Said(503)
        if monitored.shop.clock.now().timestamp() < until and monitored.shop.live()["app"]["it"] == "green"
        else None
    )


def test_an_outage_in_the_middle_changes_nothing(monitored: Monitored) -> None:
    monitored.promote("blue")
    away_for(monitored, 500)
    assert monitored.promote("green") == monitored.shop.state().verified


@pytest.mark.parametrize(("value", "verified"), [(0.0, "green"), (0.08, "blue")])
def test_a_pause_for_an_outage_ends_when_the_server_is_back(
    monitored: Monitored, value: float, verified: str
) -> None:
    monitored.promote("blue")
    monitored.after(1, value)
    away_for(monitored, 3000)
    monitored.paused("green")
    monitored.shop.clock.sleep(3000)
    assert monitored.look_again() is True
    assert (monitored.shop.state().verified, monitored.shop.state().paused) == (verified, None)


def test_recover_and_the_next_promotion_look_again_too(monitored: Monitored) -> None:
    monitored.promote("blue")
    away_for(monitored, 3000)
    monitored.paused("green")
    monitored.shop.clock.sleep(3000)
    assert monitored.shop.recover() is True
    assert monitored.shop.state().verified == "green"


def test_a_run_that_dies_in_an_analysis_is_taken_up_where_it_was(
    monitored: Monitored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitored.promote("blue")

    sleep = monitored.shop.clock.sleep
    dead = {"at": monitored.shop.clock.slept + 400}

    def killed_in_a_sleep(seconds: float) -> None:
        sleep(seconds)
        if monitored.shop.clock.slept > dead["at"]:
            dead["at"] = float("inf")
            raise KeyboardInterrupt

    monitored.shop.clock.sleep = killed_in_a_sleep  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        monitored.promote("green")
    assert monitored.shop.state().claim is not None
    monitored.shop.world.done.clear()
    assert monitored.shop.recover() is True
    assert monitored.shop.state().verified == "green"
    assert not [done for done in monitored.shop.world.done if done.startswith("apply")]


def test_an_unanswered_analysis_of_the_past_is_not_begun_again_after_it_passed(monitored: Monitored) -> None:
    monitored.promote("blue")
    asked = len(monitored.double.asked)
    monitored.promote("blue")
    assert len(monitored.double.asked) == asked


def test_a_whole_environment_is_analysed_from_its_last_apply_on(monitored: Monitored) -> None:
    monitored.of_environment(TEN_MINUTES)
    monitored.promote("blue")
    assert monitored.shop.kinds("applied", "analysed")[-1] == "analysed"
    monitored.after(1, 0.08)
    with pytest.raises(RolledBack, match="dev: analysis failed"):
        monitored.promote("green")


def test_units_that_need_one_whose_analysis_blocks_wait_for_it(monitored: Monitored) -> None:
    units = [
        replace(each, analysis=replace(TEN_MINUTES, blocks=True)) if each.name == "network" else each
        for each in monitored.shop.units("blue")
    ]
    monitored.shop.promote(monitored.shop.release("blue", *units))
    kinds = monitored.shop.kinds("applied", "analysed")
    assert kinds.index("analysed network") < kinds.index("applied app")


def test_a_unit_waits_for_a_blocking_analysis_through_units_that_stay_as_they_are(monitored: Monitored) -> None:
    """The run that applied `network` ended in its analysis; `app`, between the two, is as it was."""
    shop = monitored.shop
    shop.world.without_outputs = {"network", "app"}

    def units(colour: str, analysis: Analysis | None) -> list[Unit]:
        network = unit("network", good=".", objects={"it": colour})
        app = unit("app", needs=("network",), good=".", objects={"it": "blue"})
        mail = unit("mail", needs=("app",), good=".", objects={"it": colour})
        return [replace(network, analysis=analysis, checks=()), replace(app, checks=()), replace(mail, checks=())]

    shop.promote(shop.release("blue", *units("blue", None)))
    green = shop.release("green", *units("green", replace(TEN_MINUTES, blocks=True)))
    sleep = shop.clock.sleep

    def cancelled(seconds: float) -> None:
        raise Unanswered("the run is being cancelled")

    shop.clock.sleep = cancelled  # type: ignore[method-assign]
    with pytest.raises(Unanswered, match="being cancelled"):
        shop.promote(green)
    shop.clock.sleep = sleep  # type: ignore[method-assign]
    begun = len(shop.kinds("applied", "analysed"))
    shop.promote(green)
    assert shop.kinds("applied", "analysed")[begun:] == ["analysed network", "applied mail"]


def test_a_blocking_analysis_that_fails_keeps_the_others_from_beginning(monitored: Monitored) -> None:
    units = [
        replace(each, analysis=replace(TEN_MINUTES, blocks=True)) if each.name == "network" else each
        for each in monitored.shop.units("blue")
    ]
    monitored.after(1, 0.08)
    with pytest.raises(RolledBack):
        monitored.shop.promote(monitored.shop.release("blue", *units))
    assert "applied app" not in monitored.shop.kinds("applied")


def test_a_metric_that_is_asked_elsewhere_does_not_count_here(monitored: Monitored) -> None:
    monitored.analysis = replace(TEN_MINUTES, metrics=(replace(ERRORS, environments=("staging",)),))
    monitored.says(lambda _: 0.5)
    monitored.promote("blue")
    assert monitored.shop.kinds("analysed") == []


# --- before anything is applied ---------------------------------------------------------------------------


def test_nothing_begins_where_metrics_are_bad_already(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.shop.world.done.clear()
    monitored.says(lambda _: 0.083)
    with pytest.raises(EnvironmentClosed, match="bad before the change") as raised:
        monitored.promote("green")
    assert "0.083 is bad, above 0.05" in str(raised.value)
    assert monitored.shop.world.done == []
    assert monitored.shop.state().verified == "blue"


def test_what_a_release_did_that_was_rolled_back_does_not_hold_up_the_next_one(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.after(1, 0.08)
    with pytest.raises(RolledBack):
        monitored.promote("green")
    monitored.after(1, 0.0, before=0.08)
    monitored.shop.release("red", *monitored.units("green"))
    monitored.shop.promote("red")
    assert monitored.shop.state().verified == "red"


def test_a_promotion_may_go_into_an_incident_for_a_reason(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.after(1, 0.0, before=0.083)
    monitored.promote("green", into_incident="this repairs it")
    assert monitored.shop.state().verified == "green"
    assert monitored.shop.kinds("incident_accepted") == ["incident_accepted"]


def test_where_no_prometheus_can_be_asked_analyses_are_omitted_and_the_ledger_says_so(monitored: Monitored) -> None:
    monitored.double.instead = lambda _: document({}, 503)
    monitored.shop.runtime = without_prometheus(monitored.shop.runtime)
    blue = monitored.promote("blue")
    assert monitored.shop.state().verified == blue
    assert monitored.shop.kinds("analysed", "analyses_omitted") == ["analyses_omitted"]


def test_where_no_search_server_can_be_asked_analyses_of_logs_are_omitted(monitored: Monitored) -> None:
    counted = Metric("log", logs=LogQuery("logs-*", service="app"), at_most=0)
    monitored.analysis = replace(TEN_MINUTES, metrics=(counted,))
    runtime = monitored.shop.runtime
    monitored.shop.runtime = replace(runtime, settings=runtime.settings.model_copy(update={"opensearch": "none"}))
    monitored.promote("blue")
    entries = monitored.shop.runtime.ledger().entries("dev")
    assert [each.body["why"] for each in entries if each.kind == "analyses_omitted"] == ["FLOWMART_OPENSEARCH=none"]


def test_a_promotion_that_is_taken_up_waits_for_its_analysis_whatever_the_settings_say(monitored: Monitored) -> None:
    monitored.says(lambda _: 0.03)
    monitored.paused("blue")
    monitored.shop.runtime = without_prometheus(monitored.shop.runtime)
    with pytest.raises(InvalidInput, match="FLOWMART_PROMETHEUS=none: no Prometheus may be asked"):
        monitored.look_again()
    assert monitored.shop.state().paused is not None


def test_a_query_that_the_server_refuses_is_a_mistake_and_nothing_is_applied(monitored: Monitored) -> None:
    monitored.double.instead = lambda request: (
        document({"status": "error", "error": "parse error"}, 400) if "error_ratio" in str(request.fields) else None
    )
    with pytest.raises(InvalidInput, match="is wrong; nothing was changed"):
        monitored.promote("blue")
    assert monitored.shop.world.done == []
    assert monitored.shop.state().claim is None


def test_a_server_that_is_away_stops_the_run_before_anything_is_applied(monitored: Monitored) -> None:
    monitored.double.instead = lambda _: Said(503)
    with pytest.raises(Unanswered, match="too busy"):
        monitored.promote("blue")
    assert monitored.shop.world.done == []


def test_going_back_is_held_up_by_nothing_that_is_measured(monitored: Monitored) -> None:
    blue = monitored.promote("blue")
    monitored.promote("green")
    monitored.says(lambda _: 0.5)
    assert monitored.roll_back() == blue


# --- while units are applied ------------------------------------------------------------------------------


def test_a_failure_is_noticed_while_other_units_are_still_applied(monitored: Monitored) -> None:
    monitored.promote("blue")
    monitored.shop.world.fail("mail", "apply", killed)
    with pytest.raises(KeyboardInterrupt):
        monitored.promote("green")
    monitored.says(lambda _: 0.08)
    monitored.shop.clock.sleep(400)
    with taken_over(monitored.shop.runtime, "dev", run_is_over=True) as run:
        assert run is not None
        analyses = Analyses(run)
        with watched(analyses, every=0.01):
            run.halted.wait(60)
    assert [type(error) for error in analyses.errors] == [Refused]
