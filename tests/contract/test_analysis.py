"""Analyses judged by a real Prometheus, on histories in which something happens when a release is applied.

One server for all: each case is a label of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tasks.analysis import Judging, ask_all, evidence, was_bad
from tasks.analysis.sources import Sources
from tasks.analysis.trying import tried
from tasks.domain.analysis import Analysis, Compare, Metric, Verdict
from tasks.domain.monitoring import PrometheusServer
from tasks.monitoring.answers import QueryRefused
from tasks.monitoring.client import Prometheus
from tests.servers import prometheus_process
from tests.servers.prometheus_process import Samples

SCRAPE = 30
HOUR = 3600
APPLIED = int(time.time()) // 60 * 60 - 2 * HOUR
BEGIN, END = APPLIED - HOUR, APPLIED + HOUR
Rate = Callable[[int], float]


def after(seconds: int, value: float, before: float = 0.2) -> Rate:
    return lambda at: before if at < APPLIED + seconds else value


CASES: dict[str, tuple[Rate, Rate, int]] = {
    # case: (good events a second, bad ones, the last sample)
    "good": (lambda _: 100, lambda _: 0.2, END),
    "bad": (lambda _: 92, after(0, 8), END),
    "slow-burn": (lambda _: 92, after(900, 8), END),
    "a-blip": (lambda _: 100, lambda at: 30 if APPLIED + 400 < at < APPLIED + 500 else 0.2, END),
    "worse": (lambda _: 98, after(0, 2), END),
    "gone": (lambda _: 100, lambda _: 0.2, APPLIED + 300),
    "no-traffic": (lambda _: 0, lambda _: 0, END),
    "bad-before": (lambda _: 92, lambda _: 8, END),
}


def counter(rate: Rate, first: int = BEGIN, last: int = END, base: float = 0.0) -> list[tuple[int, float]]:
    value, samples = base, []
    for at in range(first, last + 1, SCRAPE):
        samples.append((at, value))
        value += rate(at) * SCRAPE
    return samples


def history() -> Samples:
    found = {}
    for case, (good, bad, last) in CASES.items():
        found[f'requests_total{{case="{case}",code="200"}}'] = counter(good, last=last)
        found[f'requests_total{{case="{case}",code="500"}}'] = counter(bad, last=last)
    found['requests_total{case="flawless",code="200"}'] = counter(lambda _: 100)
    # Fails 1,400 times before its first scrape, which no server can see.
    first = APPLIED + SCRAPE
    found['requests_total{case="new-pods",code="200"}'] = counter(lambda _: 100, first, base=1500)
    found['requests_total{case="new-pods",code="500"}'] = counter(lambda _: 0, first, base=1400)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus_process.running(tmp_path_factory.mktemp("prometheus"), history()) as address:
        yield Prometheus(PrometheusServer(address), seconds=120)


def errors(case: str, **about: object) -> Metric:
    total = f'sum(increase(requests_total{{case="{case}"}}[{{window}}]))'
    bad = total.replace('"}', '",code=~"5.."}')
    known = {"bad": bad, "total": total, "at_most": 0.01, "fail_above": 0.05, "min_events": 100, **about}
    return Metric("errors", **known)  # type: ignore[arg-type]


def judging(server: Prometheus, metric: Metric, applied: int = APPLIED) -> Judging:
    return Judging(Analysis((metric,)), "dev", Sources(server), applied - 60, applied, past=True)


class AtTheEnd(Prometheus):
    """The same server, whose clock is at the end of the history."""

    def clock(self) -> float:
        return float(END)


@pytest.mark.parametrize(
    ("metric", "verdict", "windows"),
    [
        (errors("good"), Verdict.PASSED, 6),
        (errors("flawless"), Verdict.PASSED, 6),
        (errors("bad"), Verdict.FAILED, 2),
        (errors("slow-burn"), Verdict.FAILED, 5),
        (errors("a-blip"), Verdict.PASSED, 6),
        (errors("worse"), Verdict.INCONCLUSIVE, 6),
        (errors("worse", compare=Compare("before", 3)), Verdict.FAILED, 2),
        (errors("gone"), Verdict.INCONCLUSIVE, 6),
        (errors("gone", no_data="fail"), Verdict.FAILED, 3),
        (errors("no-traffic"), Verdict.INCONCLUSIVE, 6),
        (errors("new-pods"), Verdict.PASSED, 6),
        (errors("nobody"), Verdict.INCONCLUSIVE, 6),
    ],
    ids=lambda value: value.bad.split('"')[1] if isinstance(value, Metric) else str(value),
)
def test_each_history_has_its_verdict(server: Prometheus, metric: Metric, verdict: Verdict, windows: int) -> None:
    found = judging(server, metric).judge(time.time())
    assert (found.verdict, len(found.windows)) == (verdict, windows), evidence.summary("dev", found)


def test_a_verdict_is_the_same_whenever_it_is_asked_for(server: Prometheus) -> None:
    at_once = judging(server, errors("slow-burn"))
    step_by_step = judging(server, errors("slow-burn"))
    for minutes in range(0, 60, 3):
        step_by_step.judge(APPLIED + minutes * 60)
    assert step_by_step.judge(time.time()) == at_once.judge(time.time())


def test_one_query_that_divides_is_empty_for_a_flawless_service(server: Prometheus) -> None:
    selector = 'requests_total{case="flawless"'
    query = f'sum(rate({selector},code=~"5.."}}[5m])) / sum(rate({selector}}}[5m]))'
    assert server.instant(query, APPLIED).series == ()


def test_what_was_bad_before_the_apply_is_found(server: Prometheus) -> None:
    analysis = Analysis((errors("bad-before"),))
    assert len(was_bad(analysis, analysis.metrics, Sources(server), APPLIED)) == 6
    assert was_bad(analysis, (errors("good"),), Sources(server), APPLIED) == []


def test_a_wrong_query_is_refused_with_the_servers_words(server: Prometheus) -> None:
    with pytest.raises(QueryRefused, match="parse error"):
        server.instant("sum(", APPLIED)


def test_a_window_of_two_scrapes_is_too_short(server: Prometheus) -> None:
    short = Analysis((errors("good", min_events=0),), length=360.0, window=60.0)
    (mistake,) = ask_all(short, short.metrics, Sources(AtTheEnd(server.server, seconds=120)), END).mistakes
    assert "holds 2 samples" in mistake or "holds 3 samples" in mistake
    long = Analysis((errors("good", min_events=0),))
    assert ask_all(long, long.metrics, Sources(AtTheEnd(server.server, seconds=120)), END).mistakes == ()


def test_a_rule_can_be_tried_on_the_past(server: Prometheus) -> None:
    found = tried(Analysis((errors("slow-burn"),)), "dev", Sources(server), BEGIN + 1800, END - 1860, 600)
    verdicts = [each.verdict for each in found]
    assert verdicts[0] is Verdict.PASSED
    assert verdicts[-1] is Verdict.FAILED
