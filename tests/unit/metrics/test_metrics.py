"""The delivery measured: promotions, DORA's measures and the metrics of a ledger, from entries alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deployments.metrics_server import serving
from tasks.domain.analysis import Verdict
from tasks.domain.drift import DriftedObject
from tasks.domain.events import (
    AnalysisEnded,
    ClaimClosed,
    DriftReported,
    EnvironmentClaimed,
    EnvironmentInterrupted,
    EnvironmentPaused,
    EnvironmentRestored,
    Event,
    FixDeclared,
    PlanDenied,
    ReleaseRejected,
    ReleaseVerified,
    UnitApplied,
    UnitApplying,
)
from tasks.domain.release import Provenance, Receipt, Target
from tasks.domain.rules import Violation
from tasks.ledger.chain import Ledger
from tasks.metrics import Dora, Promotions, dora
from tasks.metrics.exporter import Exporter, text
from tests.doubles.memory_store import MemoryStore
from tests.servers import loopback

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = 3600.0


class Story:
    """A ledger whose clock goes on by hours."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.store = MemoryStore()
        self.ledger = Ledger(self.store, "ada", platform="shop", now=lambda: self.now)

    def then(self, *events: Event, hours: float = 0.0) -> Story:
        for event in events:
            self.ledger.append("production", event)
        self.now += timedelta(hours=hours)
        return self

    def begun(self, release: str, purpose: str = "promote") -> Story:
        holder = {"host": "elsewhere", "pid": 1, "started": ""}
        claim = EnvironmentClaimed(
            release=release, purpose=purpose, holder=holder, provenance=Provenance(commit=f"commit-{release}")
        )
        return self.then(claim, UnitApplying(unit="cart", release=release, plan="p"), hours=1)

    def applied(self, release: str) -> Story:
        receipt = Receipt("", Target(release, "production", "cart"), "u", "i", "p", {}, "")
        return self.then(UnitApplied(unit="cart", release=release, receipt=receipt))

    def verified(self, release: str) -> Story:
        self.begun(release).applied(release)
        return self.then(ReleaseVerified(release=release), ClaimClosed(outcome="succeeded"), hours=1)

    def rejected(self, release: str) -> Story:
        self.begun(release)
        rejected = ReleaseRejected(release=release, why="smoke")
        return self.then(EnvironmentRestored(release=release), rejected, ClaimClosed(outcome="failed"), hours=1)

    def recalled(self, release: str, to: str) -> Story:
        self.begun(to, "roll back").applied(to)
        rejected = ReleaseRejected(release=release, why="by hand")
        return self.then(ReleaseVerified(release=to), rejected, ClaimClosed(outcome="succeeded"), hours=1)

    @property
    def promotions(self) -> list[tuple[str, str | None, bool]]:
        found = Promotions(self.ledger.entries("production")).all
        return [(each.release, each.outcome, each.failed) for each in found]

    def text(self) -> str:
        return text(Exporter(self.ledger, {"cart": "helm"}))


@pytest.fixture
def story() -> Story:
    return Story()


def test_promotions_are_counted_by_how_they_ended(story: Story) -> None:
    story.verified("a").rejected("b").verified("c")
    assert story.promotions == [("a", "verified", False), ("b", "rejected", True), ("c", "verified", False)]


def test_what_was_rolled_back_later_stays_verified_and_is_a_failed_change(story: Story) -> None:
    story.verified("a").verified("b").recalled("b", to="a")
    assert story.promotions == [("a", "verified", False), ("b", "verified", True)]


def test_a_promotion_that_applied_nothing_is_none(story: Story) -> None:
    story.then(EnvironmentClaimed(release="a", purpose="promote", holder={}), ClaimClosed(outcome="waiting"))
    assert story.promotions == []


def test_a_promotion_over_several_runs_is_one(story: Story) -> None:
    story.begun("a").then(ClaimClosed(outcome="failed")).verified("a")
    assert story.promotions == [("a", "verified", False)]


def test_one_that_another_release_replaced_is_unfinished(story: Story) -> None:
    story.begun("a").then(ClaimClosed(outcome="failed")).verified("b")
    assert story.promotions == [("a", "unfinished", True), ("b", "verified", False)]


def test_one_that_was_interrupted_failed_even_if_it_was_finished(story: Story) -> None:
    story.begun("a").then(EnvironmentInterrupted(release="a", units=("cart",), why="no answer"))
    story.then(ReleaseVerified(release="a"), ClaimClosed(outcome="succeeded"))
    assert story.promotions == [("a", "verified", True)]


def test_a_pause_that_is_continued_is_a_good_change(story: Story) -> None:
    paused = EnvironmentPaused(
        release="a", units=("cart",), why="w", doubtful=False, until="2030-01-02T00:00:00+00:00"
    )
    story.begun("a").then(paused, ClaimClosed(outcome="paused"))
    claim = EnvironmentClaimed(release="a", purpose="continue", holder={})
    story.then(claim, ReleaseVerified(release="a"), ClaimClosed(outcome="succeeded"))
    assert story.promotions == [("a", "verified", False)]


def measured(story: Story, times: Sequence[float] = ()) -> Dora:
    promotions = Promotions(story.ledger.entries("production")).all
    return dora(promotions, story.now, timedelta(days=10), lambda *_: times)


def test_doras_measures_are_exact(story: Story) -> None:
    story.verified("a").rejected("b").verified("c").verified("d").recalled("d", to="c")
    commit = (BEGIN + timedelta(hours=1)).timestamp()
    found = measured(story, [commit])
    assert vars(found) == {
        "days": 10.0,
        "deployments": 4,
        "per_day": 0.4,
        "lead_time": 5 * HOUR,
        "change_fail_ratio": 0.5,
        "recovery_time": 2 * HOUR,
        "rework_ratio": 0.0,
        "commits": 2,
    }


def test_what_is_said_to_repair_an_earlier_release_is_rework(story: Story) -> None:
    claimed = EnvironmentClaimed(release="b", purpose="promote", holder={})
    story.verified("a").then(claimed, FixDeclared(release="b", fixes="a"), ClaimClosed(outcome="waits for approval"))
    story.verified("b").verified("c").verified("d")
    assert measured(story).rework_ratio == 0.25
    assert 'flowmart_dora_rework_ratio{environment="production"} 0.25' in story.text()


def test_nothing_to_measure_is_no_zero(story: Story) -> None:
    story.verified("a")
    story.now += timedelta(days=30)
    found = measured(story)
    assert (found.deployments, found.change_fail_ratio, found.recovery_time, found.lead_time) == (0, None, None, None)


# --- as Prometheus reads them -----------------------------------------------------------------------------


def test_the_metrics_say_what_happened(story: Story) -> None:
    story.verified("a").rejected("b")
    story.then(
        AnalysisEnded(unit="cart", release="a", verdict=Verdict.PASSED, why="dev/cart: analysis passed"),
        PlanDenied(unit="cart", release="c", findings=(Violation("tags", "no tag", "x"),)),
        DriftReported(
            release="a",
            units=("cart",),
            drifted=(DriftedObject("cart", "Deployment/cart", "Deployment", "update", ("changed",)),),
            unanswered={"mail": "no answer"},
        ),
    )
    lines = story.text().splitlines()
    for wanted in (
        'flowmart_promotions_total{environment="production",outcome="verified"} 1.0',
        'flowmart_promotions_total{environment="production",outcome="rejected"} 1.0',
        'flowmart_promotions_total{environment="production",outcome="unfinished"} 0.0',
        'flowmart_promotions_recalled_total{environment="production"} 0.0',
        'flowmart_environment_state{environment="production",state="verified"} 1.0',
        'flowmart_environment_release_info{environment="production",release="a"} 1.0',
        'flowmart_step_duration_seconds_bucket{engine="helm",environment="production",le="3600.0",step="apply"} 1.0',
        'flowmart_analysis_total{environment="production",verdict="passed"} 1.0',
        'flowmart_policy_violations_total{environment="production",policy="tags"} 1.0',
        'flowmart_drifted_objects{environment="production",state="open"} 1.0',
        'flowmart_drift_unanswered_units{environment="production"} 1.0',
        'flowmart_ledger_valid{environment="production"} 1.0',
    ):
        assert wanted in lines, "\n".join(lines)
    assert not [line for line in lines if line.startswith("flowmart_claim_started_timestamp_seconds{")]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([ReleaseVerified(release="a")], "busy"),
        ([ReleaseVerified(release="a"), ClaimClosed(outcome="succeeded")], "verified"),
        ([ClaimClosed(outcome="failed")], "unverified"),
        ([EnvironmentInterrupted(release="a", units=("cart",), why="no answer")], "interrupted"),
        (
            [
                EnvironmentPaused(release="a", units=("cart",), why="w", doubtful=True, until="2030-01-02T00:00:00Z"),
                ClaimClosed(outcome="paused"),
            ],
            "paused",
        ),
    ],
)
def test_an_environment_is_in_one_state(story: Story, events: list[Event], state: str) -> None:
    story.begun("a").applied("a").then(*events)
    true = [
        line for line in story.text().splitlines() if line.startswith("flowmart_environment_state{") and "1.0" in line
    ]
    assert true == [f'flowmart_environment_state{{environment="production",state="{state}"}} 1.0']


def test_a_scrape_reads_only_what_is_new(story: Story) -> None:
    story.verified("a")
    exporter = Exporter(story.ledger, {})
    first = text(exporter)
    story.verified("b")
    assert text(exporter) == text(Exporter(story.ledger, {})) != first


def test_a_damaged_ledger_is_said_and_hides_no_other(story: Story) -> None:
    story.verified("a")
    story.ledger.append("dev", ReleaseVerified(release="a"))
    story.store.objects["ledger/dev/00000001.json"] = b"{}"
    found = text(Exporter(Ledger(story.store, "ada", platform="shop"), {}))
    assert 'flowmart_ledger_valid{environment="dev"} 0.0' in found
    assert 'flowmart_environment_state{environment="production",state="verified"} 1.0' in found


@pytest.fixture
def address(story: Story) -> Iterator[str]:
    story.verified("a")
    with loopback.serving(serving([Exporter(story.ledger, {})], "127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_they_are_served_and_nothing_else_is(address: str) -> None:
    response = httpx.get(f"{address}/metrics", trust_env=False, timeout=60)
    assert response.headers["content-type"].startswith("text/plain")
    assert "flowmart_environment_state" in response.text
    assert httpx.get(f"{address}/", trust_env=False, timeout=60).status_code == 404
