"""Exports the metrics of the delivery in Prometheus' format, read from the ledger at each scrape.

Labels are environments, units, releases, engines and a few fixed words. Runs, commits, persons and messages are never
labels, because their number grows without limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from tasks.clock import Clock, SystemClock
from tasks.domain.analysis import Verdict
from tasks.domain.errors import FlowmartError
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState
from tasks.metrics.counted import Counted
from tasks.metrics.dora import Dora, dora
from tasks.metrics.durations import Histogram
from tasks.metrics.promotions import OUTCOMES
from tasks.promotion.claims import is_over

STATES = ("verified", "unverified", "busy", "paused", "interrupted", "blocked")
DAYS = 28
"""The period of the gauges of DORA's measures, in days."""


class Exporter(Collector):
    """Collects metrics from a ledger.

    Args:
        ledger: the ledger to read.
        engines: {unit: its engine}, as in the current platform.yaml; other units have the label "unknown".
        clock: returns the current time.
    """

    def __init__(self, ledger: Ledger, engines: Mapping[str, str], clock: Clock | None = None) -> None:
        self._ledger = ledger
        self._engines = engines
        self._clock = clock or SystemClock()
        self._counted: dict[str, Counted] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics. An environment whose ledger is damaged has only the metric that reports the damage."""
        valid = GaugeMetricFamily("flowmart_ledger_valid", "1 if the ledger can be read.", labels=["environment"])
        found: dict[str, tuple[Counted, EnvironmentState]] = {}
        for name in self._ledger.environments():
            try:
                found[name] = self._read(name)
            except FlowmartError:
                self._counted.pop(name, None)
            valid.add_metric([name], float(name in found))
        yield valid
        yield from _states({name: state for name, (_, state) in found.items()})
        yield from _counters({name: counted for name, (counted, _) in found.items()})
        yield self._durations({name: counted for name, (counted, _) in found.items()})
        yield from _measures({name: self._dora(counted) for name, (counted, _) in found.items()})

    def _read(self, environment: str) -> tuple[Counted, EnvironmentState]:
        state = self._ledger.state(environment)
        known = self._counted.setdefault(environment, Counted())
        if state.number > known.number:
            for entry in self._ledger.newest(environment, state.number - known.number):
                # Another process may have written entries since the state was read.
                if entry.number > known.number:
                    known.add(entry)
        return known, state

    def _dora(self, counted: Counted) -> Dora:
        return dora(counted.promotions.all, self._clock.now(), timedelta(days=DAYS))

    def _durations(self, found: Mapping[str, Counted]) -> Metric:
        family = HistogramMetricFamily(
            "flowmart_step_duration_seconds", "How long steps took.", labels=["environment", "step", "engine"]
        )
        for environment, counted in found.items():
            together: dict[tuple[str, str], Histogram] = {}
            for (step, unit), histogram in counted.durations.found.items():
                whole = together.setdefault((step, self._engines.get(unit, "unknown")), Histogram())
                whole.counts = [one + more for one, more in zip(whole.counts, histogram.counts, strict=True)]
                whole.total += histogram.total
            for (step, engine), histogram in sorted(together.items()):
                family.add_metric([environment, step, engine], histogram.cumulative, histogram.total)
        return family


def text(*collectors: Collector) -> str:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    for each in collectors:
        registry.register(each)
    return generate_latest(registry).decode()


def state_of(found: EnvironmentState) -> str:
    """Return which of `STATES` an environment is in."""
    if found.blocked:
        return "blocked"
    if found.interrupted or (found.claim is not None and is_over(found.claim)):
        return "interrupted"
    if found.claim is not None:
        return "busy"
    if found.paused is not None:
        return "paused"
    return "verified" if found.verified else "unverified"


def _states(found: Mapping[str, EnvironmentState]) -> Iterator[Metric]:
    state = _gauge("environment_state", "1 for the state that an environment is in.", "environment", "state")
    release = _gauge("environment_release_info", "The release that is verified here.", "environment", "release")
    applied = _gauge("applied_timestamp_seconds", "When a unit was applied.", "environment", "unit")
    claimed = _gauge("claim_started_timestamp_seconds", "Since when a run holds the environment.", "environment")
    drifted = _gauge("drifted_objects", "Objects that are not as they were applied.", "environment", "state")
    reported = _gauge("drift_report_timestamp_seconds", "When the newest drift report was made.", "environment")
    silent = _gauge("drift_unanswered_units", "Units that did not respond to the newest report.", "environment")
    asked = _gauge("approvals_waiting", "Plan sets that wait for an approval.", "environment")
    rehearsed = _gauge("rehearsal_timestamp_seconds", "When a rollback was last rehearsed.", "environment", "outcome")
    for name, here in found.items():
        now = state_of(here)
        for each in STATES:
            state.add_metric([name, each], float(each == now))
        if here.verified:
            release.add_metric([name, here.verified], 1.0)
        for unit, receipt in sorted(here.receipts.items()):
            applied.add_metric([name, unit], _moment(receipt.at))
        if here.claim is not None:
            claimed.add_metric([name], _moment(here.claim.at))
        asked.add_metric([name], float(sum(each.decision == "wanted" for each in here.approvals)))
        _drift(here, drifted, reported, silent)
        for outcome, at in {each.event.outcome.value: each.at for each in here.rehearsals}.items():
            rehearsed.add_metric([name, outcome], _moment(at))
    yield from (state, release, applied, claimed, drifted, reported, silent, asked, rehearsed)


def _drift(
    here: EnvironmentState, drifted: GaugeMetricFamily, reported: GaugeMetricFamily, silent: GaugeMetricFamily
) -> None:
    report = here.drift.report
    if report is None:
        return
    objects = [each for items in here.drift.found.values() for each in items]
    counts = {
        "suppressed": sum(bool(each.suppressed) for each in objects),
        "open": sum(not each.suppressed for each in objects),
    }
    for word, count in counts.items():
        drifted.add_metric([here.environment, word], float(count))
    reported.add_metric([here.environment], _moment(report.at))
    silent.add_metric([here.environment], float(len(report.event.unanswered)))


def _counters(found: Mapping[str, Counted]) -> Iterator[Metric]:
    promotions = _counter("promotions", "Promotions that began to apply something.", "environment", "outcome")
    recalled = _counter("promotions_recalled", "Verified releases that were rolled back later.", "environment")
    analyses = _counter("analysis", "Analyses that came to a verdict.", "environment", "verdict")
    violations = _counter("policy_violations", "Denials of plans.", "environment", "policy")
    newest = _gauge("ledger_entry_timestamp_seconds", "When the newest entry was written.", "environment")
    for name, counted in found.items():
        for outcome in OUTCOMES:
            count = sum(each.outcome == outcome for each in counted.promotions.all)
            promotions.add_metric([name, outcome], float(count))
        recalled.add_metric([name], float(sum(bool(each.recalled) for each in counted.promotions.all)))
        for verdict in Verdict:
            analyses.add_metric([name, verdict.value], float(counted.analyses[verdict.value]))
        for policy, denials in sorted(counted.violations.items()):
            violations.add_metric([name, policy], float(denials))
        if counted.newest:
            newest.add_metric([name], _moment(counted.newest))
    yield from (promotions, recalled, analyses, violations, newest)


def _measures(found: Mapping[str, Dora]) -> Iterator[Metric]:
    over = f"over {DAYS} days"
    per_day = _gauge("dora_deployments_per_day", f"Deployments a day, {over}.", "environment")
    failed = _gauge("dora_change_fail_ratio", f"Failed deployments of all, {over}.", "environment")
    recovery = _gauge("dora_recovery_seconds", f"Median time to repair a failed deployment, {over}.", "environment")
    rework = _gauge("dora_rework_ratio", f"Deployments that repair an earlier one, of all, {over}.", "environment")
    for name, measured in found.items():
        per_day.add_metric([name], measured.per_day)
        if measured.change_fail_ratio is not None:
            failed.add_metric([name], measured.change_fail_ratio)
        if measured.recovery_time is not None:
            recovery.add_metric([name], measured.recovery_time)
        if measured.rework_ratio is not None:
            rework.add_metric([name], measured.rework_ratio)
    yield from (per_day, failed, recovery, rework)


def _gauge(name: str, description: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"flowmart_{name}", description, labels=labels)


def _counter(name: str, description: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"flowmart_{name}", description, labels=labels)


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
