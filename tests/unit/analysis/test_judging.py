"""Analyses judged by a server that says what a test wants: which windows are asked, and what silence means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tasks.analysis import Judged, Judging, Sources, ask_all, evidence, was_bad
from tasks.domain.analysis import Analysis, Compare, Metric, Rating, Verdict, Window
from tasks.domain.errors import Unanswered
from tasks.domain.monitoring import PrometheusServer
from tasks.monitoring.client import Prometheus
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import Found, PrometheusDouble, Said, document

APPLIED = 1_700_000_000.0
ERRORS = Metric(
    "errors",
    bad='sum(increase(requests_total{code="500"}[{window}]))',
    total="sum(increase(requests_total[{window}]))",
    at_most=0.01,
    fail_above=0.05,
    min_events=100,
)
DEPTH = Metric("depth", query="max(queue_depth)", at_most=5.0, fail_above=10.0)
ALERTS = Metric("alerts", alerts={"severity": "critical"}, at_most=0.0, fail_above=0.0)
BAD, TOTAL = 'increase(requests_total{code="500"}', "increase(requests_total["


@pytest.fixture
def double() -> Iterator[PrometheusDouble]:
    with prometheus_server.serving() as found:
        found.values = {BAD: lambda _: 0.0, TOTAL: lambda _: 1000.0}
        yield found


def analysis(*metrics: Metric, **about: float) -> Analysis:
    return replace(Analysis(metrics or (ERRORS,), length=1200.0, window=300.0), **about)  # type: ignore[arg-type]


class Case:
    """One apply, looked at later."""

    def __init__(self, double: PrometheusDouble, wanted: Analysis) -> None:
        self.double = double
        self.judging = Judging(wanted, "dev", client(double), APPLIED - 60, APPLIED)

    def at(self, minutes: float) -> Judged:
        now = APPLIED + minutes * 60
        self.double.now = lambda: now
        return self.judging.judge(now)


def client(double: PrometheusDouble) -> Sources:
    return Sources(Prometheus(PrometheusServer(double.url), seconds=60))


def ratings(found: Judged) -> list[Rating]:
    return [window.rating for window in found.windows]


def constant(value: Found) -> Callable[[float], Found]:
    return lambda _: value


def test_windows_begin_with_the_apply_and_do_not_overlap(double: PrometheusDouble) -> None:
    found = Case(double, analysis()).at(30)
    assert found.verdict is Verdict.PASSED
    asked = [float(request.fields["time"]) for request in double.asked if TOTAL in request.fields["query"]]
    assert asked == [APPLIED + minutes * 60 for minutes in (5, 10, 15, 20)]
    assert {query for query in double.queries() if TOTAL in query} == {"sum(increase(requests_total[300s]))"}


def test_an_unfinished_window_is_never_asked(double: PrometheusDouble) -> None:
    case = Case(double, analysis(lag=60.0, delay=120.0))
    assert case.at(7.9).windows == ()
    assert [window.begins for window in case.at(8).windows] == ["2023-11-14T22:15:20+00:00"]


def test_what_was_answered_is_asked_once(double: PrometheusDouble) -> None:
    case = Case(double, analysis())
    case.at(11), case.at(11), case.at(16)
    times = [request.fields["time"] for request in double.asked if TOTAL in request.fields["query"]]
    assert len(times) == len({*times}) == 3


def test_a_bad_release_fails_as_soon_as_more_windows_are_bad_than_tolerated(double: PrometheusDouble) -> None:
    double.values[BAD] = lambda at: 80.0
    case = Case(double, analysis())
    assert case.at(6).verdict is None
    assert case.at(11).verdict is Verdict.FAILED
    assert ratings(Case(double, analysis()).at(60)) == [Rating.BAD, Rating.BAD]


def test_an_error_that_was_never_counted_is_no_error(double: PrometheusDouble) -> None:
    double.values[BAD] = constant(None)
    found = Case(double, analysis()).at(30)
    assert (found.verdict, [window.value for window in found.windows]) == (Verdict.PASSED, [0.0] * 4)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no data (requests_total{} 0 samples)"),
        (0.0, "only 0 events, at least 100 are needed"),
        (99.0, "only 99 events, at least 100 are needed"),
        (float("nan"), "nan, which is not a number"),
    ],
)
def test_a_total_that_is_not_known_leaves_the_window_unknown(
    double: PrometheusDouble, value: Found, why: str
) -> None:
    double.values[TOTAL] = constant(value)
    found = Case(double, analysis()).at(30)
    assert (found.verdict, found.doubtful, ratings(found)) == (Verdict.INCONCLUSIVE, False, [Rating.UNKNOWN] * 4)
    assert found.windows[0].why == why


@pytest.mark.parametrize(
    ("no_data", "verdict"),
    [("pass", Verdict.PASSED), ("fail", Verdict.FAILED), ("inconclusive", Verdict.INCONCLUSIVE)],
)
def test_what_no_data_means_can_be_chosen(double: PrometheusDouble, no_data: str, verdict: Verdict) -> None:
    double.values[TOTAL] = constant(None)
    chosen = replace(ERRORS, no_data=no_data)  # type: ignore[arg-type]
    assert Case(double, analysis(chosen)).at(30).verdict is verdict


REFUSED = document({"status": "error", "error": "parse error"}, 422)
AWAY = [Said(200, b"<html>Log in"), Said(302), Said(401), Said(403), Said(429), Said(500), Said(503), REFUSED]


@pytest.mark.parametrize("said", AWAY, ids=lambda said: f"{said.status} {said.body.decode()[:8]}")
@pytest.mark.parametrize("no_data", ["fail", "inconclusive"])
def test_no_answer_is_asked_again_and_never_fails(double: PrometheusDouble, said: Said, no_data: str) -> None:
    chosen = replace(ERRORS, no_data=no_data)  # type: ignore[arg-type]
    double.instead = lambda request: said if TOTAL in request.fields["query"] else None
    case = Case(double, analysis(chosen))
    assert (case.at(30).verdict, ratings(case.at(30))) == (None, [Rating.UNANSWERED] * 4)
    assert (case.at(37).verdict, case.at(37).doubtful) == (Verdict.INCONCLUSIVE, False)
    double.instead = lambda _: None
    assert case.at(37).verdict is Verdict.PASSED


def test_a_partial_response_is_unknown_whatever_no_data_means(double: PrometheusDouble) -> None:
    double.more = {"warnings": ["store-1: context deadline exceeded"]}
    found = Case(double, analysis(replace(ERRORS, no_data="fail"))).at(30)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.windows[0].why == "only a part of the data could be read: store-1: context deadline exceeded"


@pytest.mark.parametrize(("skew", "verdict"), [(59, Verdict.PASSED), (61, None), (-61, None)])
def test_a_clock_that_is_off_is_no_answer(double: PrometheusDouble, skew: float, verdict: Verdict | None) -> None:
    double.now = lambda: APPLIED + 1800 + skew
    found = Case(double, analysis()).judging.judge(APPLIED + 1800)
    assert found.verdict is verdict
    if verdict is None:
        assert "its clock is 61 s" in found.windows[0].why


def test_an_outage_in_the_middle_does_not_change_the_verdict(double: PrometheusDouble) -> None:
    double.values[BAD] = lambda at: 80.0 if at > APPLIED + 600 else 0.0
    undisturbed, disturbed = Case(double, analysis()), Case(double, analysis())
    wanted = undisturbed.at(60)
    disturbed.at(6)
    double.instead = lambda _: Said(503)
    assert disturbed.at(30).verdict is None
    double.instead = lambda _: None
    assert disturbed.at(60) == wanted


def test_a_server_that_is_away_is_asked_once_a_look(double: PrometheusDouble) -> None:
    double.instead = lambda _: Said(503)
    Case(double, analysis(ERRORS, DEPTH)).at(30)
    assert len(double.asked) == 1


def test_several_series_are_a_mistake(double: PrometheusDouble) -> None:
    double.values["queue_depth"] = constant({"a": 1.0, "b": 2.0})
    mistakes, _ = asked(double, DEPTH)
    assert mistakes == ("metric depth: 2 series where one is wanted; aggregate them, such as with sum(...)",)


def before(at: float) -> bool:
    return at <= APPLIED - 60


@pytest.mark.parametrize(
    ("past", "after", "verdict", "notes"),
    [
        (2.0, 6.5, Verdict.FAILED, 0),
        (2.0, 5.5, Verdict.INCONCLUSIVE, 0),
        (4.0, 9.0, Verdict.INCONCLUSIVE, 0),
        (1.0, 4.0, Verdict.PASSED, 0),
        (None, 9.0, Verdict.INCONCLUSIVE, 1),
    ],
)
def test_a_value_is_compared_with_the_windows_before(
    double: PrometheusDouble, past: float | None, after: float, verdict: Verdict, notes: int
) -> None:
    double.values["queue_depth"] = lambda at: past if before(at) else after
    found = Case(double, analysis(replace(DEPTH, compare=Compare("before", 3)))).at(30)
    assert (found.verdict, len(found.notes)) == (verdict, notes)


def test_a_value_is_compared_with_the_same_hours_a_week_earlier(double: PrometheusDouble) -> None:
    week = 7 * 86400
    double.values["queue_depth"] = lambda at: 2.0 if at < APPLIED - week + 1201 else 6.5
    found = Case(double, analysis(replace(DEPTH, compare=Compare("week", 3)))).at(30)
    assert found.verdict is Verdict.FAILED
    assert found.windows[0].why == "above 6, 3 times the usual 2 (a week earlier)"


def test_a_comparison_whose_past_gave_no_answer_is_no_answer(double: PrometheusDouble) -> None:
    double.values["queue_depth"] = lambda at: 2.0 if before(at) else 6.5
    double.instead = lambda request: Said(503) if before(float(request.fields.get("time", APPLIED))) else None
    case = Case(double, analysis(replace(DEPTH, compare=Compare("before", 3))))
    assert case.at(30).verdict is None
    double.instead = lambda _: None
    assert case.at(30).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("firing", "watchdog", "rating", "why"),
    [
        (None, 1.0, Rating.GOOD, ""),
        (None, None, Rating.UNKNOWN, "the alert Watchdog is not firing"),
        ({"a": 3.0, "b": 1.0}, 1.0, Rating.BAD, 'above 0; firing: {name="a"}, {name="b"}'),
    ],
)
def test_no_alert_may_fire_and_silence_is_told_from_a_broken_chain(
    double: PrometheusDouble, firing: Found, watchdog: Found, rating: Rating, why: str
) -> None:
    double.values = {'alertname="Watchdog"': constant(watchdog), "count by (alertname)": constant(firing)}
    found = Case(double, analysis(ALERTS)).at(6).windows[0]
    assert (found.rating, found.why.startswith(why)) == (rating, True), found.why
    assert (
        found.query == 'count by (alertname) (count_over_time(ALERTS{alertstate="firing",severity="critical"}[300s]))'
    )


def test_a_metric_is_asked_only_where_it_is_meant(double: PrometheusDouble) -> None:
    elsewhere = replace(DEPTH, environments=("production",))
    found = Case(double, analysis(ERRORS, elsewhere)).at(30)
    assert {window.metric for window in found.windows} == {"errors"}


def test_the_evidence_names_window_value_and_limit(double: PrometheusDouble) -> None:
    double.values[BAD] = constant(80.0)
    told = evidence.summary("dev/cart", Case(double, analysis()).at(60))
    assert told.splitlines() == [
        "dev/cart: analysis failed",
        "  errors 22:13-22:18: 0.08 is bad, above 0.05; 80 of 1000 events",
        "  errors 22:18-22:23: 0.08 is bad, above 0.05; 80 of 1000 events",
    ]


# --- before anything is applied ---------------------------------------------------------------------------


def asked(double: PrometheusDouble, *metrics: Metric) -> tuple[tuple[str, ...], tuple[str, ...]]:
    double.now = lambda: APPLIED
    found = ask_all(analysis(*metrics), metrics, client(double), APPLIED)
    return found.mistakes, found.warnings


def test_good_queries_give_neither_mistakes_nor_warnings(double: PrometheusDouble) -> None:
    double.values["max(count_over_time"] = constant(20.0)
    assert asked(double, ERRORS) == ((), ())


def test_a_query_that_the_server_refuses_is_a_mistake(double: PrometheusDouble) -> None:
    double.instead = lambda request: REFUSED if "queue_depth" in request.fields["query"] else None
    ((mistake,), _) = asked(double, DEPTH)
    assert mistake.endswith("refuses the query: parse error")


@pytest.mark.parametrize("said", AWAY[:-1], ids=lambda said: f"{said.status} {said.body.decode()[:8]}")
def test_a_server_that_does_not_answer_stops_the_run(double: PrometheusDouble, said: Said) -> None:
    double.instead = lambda request: said if TOTAL in request.fields["query"] else None
    with pytest.raises(Unanswered):
        asked(double, ERRORS)


def test_a_clock_that_is_off_stops_the_run(double: PrometheusDouble) -> None:
    double.now = lambda: APPLIED - 120
    with pytest.raises(Unanswered, match="its clock is 120 s behind this machine's"):
        ask_all(analysis(), (ERRORS,), client(double), APPLIED)


def test_no_data_is_a_warning_that_names_the_empty_selector(double: PrometheusDouble) -> None:
    double.values["queue_depth"] = constant(None)
    assert asked(double, DEPTH) == ((), ("metric depth: no data (queue_depth{} 0 samples)",))


def test_an_error_without_a_series_for_a_week_is_a_warning(double: PrometheusDouble) -> None:
    double.existing = {"requests_total{}"}
    _, (warning,) = asked(double, ERRORS)
    assert 'no series requests_total{code="500"} for 7 days' in warning


@pytest.mark.parametrize(
    ("samples", "mistakes"), [((3.0, 6.0), 1), ((4.0, 8.0), 0), ((20.0, 40.0), 0), ((2.0, 2.0), 0)]
)
def test_a_window_of_less_than_four_scrapes_is_a_mistake_unless_the_series_is_new(
    double: PrometheusDouble, samples: tuple[float, float], mistakes: int
) -> None:
    short, long = samples
    double.values["[300000ms]"], double.values["[600000ms]"] = constant(short), constant(long)
    double.values["queue_depth"] = constant(1.0)
    found, _ = asked(double, DEPTH)
    assert len(found) == mistakes
    assert all("holds 3 samples of queue_depth{}; it must hold 4 scrapes" in each for each in found)


@pytest.mark.parametrize(("errors", "count"), [(0.0, 0), (30.0, 0), (80.0, 4)])
def test_what_is_bad_before_the_apply_is_found(double: PrometheusDouble, errors: float, count: int) -> None:
    double.values[BAD] = constant(errors)
    assert len(was_bad(analysis(), (ERRORS,), client(double), APPLIED)) == count


def test_what_is_unknown_before_the_apply_is_not_bad(double: PrometheusDouble) -> None:
    double.values[TOTAL] = constant(None)
    assert was_bad(analysis(replace(ERRORS, no_data="fail")), (ERRORS,), client(double), APPLIED) == []


def test_a_window_of_less_than_a_minute_is_told_by_the_second() -> None:
    window = Window(
        "errors", "2030-01-01T00:00:50+00:00", "2030-01-01T00:01:05+00:00", Rating.BAD, 0.08, "above 0.05"
    )
    assert evidence.line(window) == "errors 00:00:50-00:01:05: 0.08 is bad, above 0.05"
    assert evidence.line(replace(window, ends="2030-01-01T00:05:50+00:00")).startswith("errors 00:00-00:05: ")
