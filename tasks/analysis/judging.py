"""Judges an analysis as far as its windows are over. It remembers answered windows, so that none is queried twice."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.analysis import rating, spans
from tasks.analysis.measuring import measured, value
from tasks.analysis.sources import Sources
from tasks.analysis.spans import Span
from tasks.analysis.values import Value
from tasks.analysis.verdict import Judged, judged
from tasks.domain.analysis import Analysis, Metric, Rating, Verdict, Window
from tasks.domain.errors import Unanswered

_PROMETHEUS = ""
"""The key of Prometheus among the sources; the other keys are log streams."""


class Judging:
    """Judges one analysis of one apply.

    Args:
        analysis: the specification.
        environment: its name; some metrics are not measured everywhere.
        sources: the servers to query.
        began, ended: the start and end of the apply, in seconds since 1970.
        past: whether all of it is in the past, so that the server's clock does not matter.
    """

    def __init__(
        self,
        analysis: Analysis,
        environment: str,
        sources: Sources,
        began: float,
        ended: float,
        *,
        past: bool = False,
    ) -> None:
        self.analysis = analysis
        self.metrics = metrics_in(analysis, environment)
        self._sources = sources
        self._began = began
        self._past = past
        self._spans = spans.after(analysis, ended)
        self._known: dict[tuple[str, int], Window] = {}
        self._usual: dict[str, Value] = {}

    @property
    def ends(self) -> float:
        """Return the time (seconds since 1970) from which unanswered windows are no longer retried."""
        return self._spans[-1].ends + self.analysis.lag + self.analysis.patience

    def next(self, now: float) -> float:
        """Return the next time after `now` to query again (seconds since 1970).

        Unanswered windows are retried once per window length.
        """
        due = [span.ends + self.analysis.lag for span in self._spans]
        return next((moment for moment in due if moment > now), min(self.ends, now + self.analysis.window))

    def judge(self, now: float) -> Judged:
        """Return the verdict on the windows that are over at `now` (seconds since 1970)."""
        over = now >= self.ends
        whys = {_PROMETHEUS: self._unreachable(now) if self._asks(now) else ""}
        for place, span in enumerate(self._spans):
            if not spans.is_over(span, self.analysis, now):
                break
            for metric in self.metrics:
                self._look(metric, place, span, whys)
            found = self._judged(over=False)
            if found.verdict is Verdict.FAILED:
                return found
        return self._judged(over=over)

    def _look(self, metric: Metric, place: int, span: Span, whys: dict[str, str]) -> None:
        """Measure a window that is not known yet; `whys` holds why a source does not respond."""
        known = self._known.get((metric.name, place))
        if known is not None and known.rating is not Rating.UNANSWERED:
            return
        source = metric.logs.stream if metric.logs else _PROMETHEUS
        window = self._measured(metric, span, whys.get(source, ""))
        self._known[metric.name, place] = window
        whys[source] = window.why if window.rating is Rating.UNANSWERED else ""

    def _measured(self, metric: Metric, span: Span, why: str) -> Window:
        """Return a window; `why` is the known reason why its source does not respond, or ""."""
        if why:
            return _unanswered(metric, span, why)
        usual = self._usual_of(metric)
        if usual is not None and not usual.answered:
            return _unanswered(metric, span, usual.why)
        before = spans.before(self.analysis, self._began)
        past = Span(before[0].begins, before[-1].ends)
        return measured(self._sources, metric, span, usual.value if usual else None, past)

    def _asks(self, now: float) -> bool:
        """Tell whether there is a window to query."""
        over = [place for place, span in enumerate(self._spans) if spans.is_over(span, self.analysis, now)]
        windows = [self._known.get((metric.name, place)) for metric in self.metrics for place in over]
        return any(window is None or window.rating is Rating.UNANSWERED for window in windows)

    def _unreachable(self, now: float) -> str:
        """Return why nothing can be queried now, or ""."""
        if self._past:
            return ""
        try:
            return self._sources.skew(now)
        except Unanswered as error:
            return str(error)

    def _usual_of(self, metric: Metric) -> Value | None:
        """Return the past median that a metric is compared with. It is cached once all past windows were answered."""
        if metric.compare is None or metric.name in self._usual:
            return self._usual.get(metric.name)
        week = tuple(span.shifted(-spans.WEEK) for span in self._spans)
        past = week if metric.compare.of == "week" else spans.before(self.analysis, self._began)
        found = [value(self._sources, metric, span) for span in past]
        silent = next((each for each in found if not each.answered), None)
        if silent is not None:
            return silent
        self._usual[metric.name] = Value(rating.usual([each.value for each in found]))
        return self._usual[metric.name]

    def _judged(self, *, over: bool) -> Judged:
        places = ((metric.name, place) for metric in self.metrics for place in range(len(self._spans)))
        windows = [self._known[each] for each in places if each in self._known]
        return judged(self.analysis, self.metrics, windows, over=over, notes=self._notes())

    def _notes(self) -> list[str]:
        reason = f"not compared, fewer than {rating.ENOUGH} windows"
        return [
            f"{metric.name}: {reason} {rating.period_of(metric.compare)} are known"
            for metric in self.metrics
            if metric.compare and metric.name in self._usual and self._usual[metric.name].value is None
        ]


def metrics_in(analysis: Analysis, environment: str) -> tuple[Metric, ...]:
    """Return the metrics that are measured in an environment."""
    return tuple(each for each in analysis.metrics if not each.environments or environment in each.environments)


def was_bad(
    analysis: Analysis, metrics: Sequence[Metric], sources: Sources, now: float, since: float = 0.0
) -> list[Window]:
    """Return the bad windows right before `now`, of metrics with more bad windows than they tolerate.

    A window without a value or a response is not bad. Windows that begin before `since` are left out: they measured
    an earlier state, such as a release that was rolled back.

    Args:
        analysis: the specification.
        metrics: the metrics to measure.
        sources: the servers to query.
        now, since: seconds since 1970.
    """
    whole = [span.shifted(-analysis.lag) for span in spans.before(analysis, now)]
    past = [span for span in whole if span.begins >= since]
    found: list[Window] = []
    for metric in metrics:
        windows = [measured(sources, metric, span) for span in past]
        bad = [window for window in windows if window.rating is Rating.BAD and window.value is not None]
        found += bad if len(bad) > metric.tolerate else []
    return found


def _unanswered(metric: Metric, span: Span, why: str) -> Window:
    return Window(metric.name, spans.iso(span.begins), spans.iso(span.ends), Rating.UNANSWERED, None, why)
