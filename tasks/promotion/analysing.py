"""Analyses of a promotion: each starts with the apply of its unit; the release is verified once all have passed.

    apply cart ── check ── ┄┄┄┄ windows ┄┄┄┄ ┐
    apply mail ────── check ── ┄┄┄┄ windows ┄┄ ┼─ environment: ┄┄┄┄ windows ┄┄┄┄ ─▶ verified
                                            ┘

One thread judges them while units are applied, and the run itself judges them afterwards, so they delay nothing else.
Open analyses are in the ledger, and a verdict follows from the server's history. So the next run can continue an
analysis that a dead run left. Analyses apply to promotions only; they do not delay rollbacks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from tasks.analysis import Judged, Judging, Sources, evidence
from tasks.analysis.judging import metrics_in
from tasks.domain.analysis import ENVIRONMENT, Analysis, AppliedAt, Verdict
from tasks.domain.errors import Inconclusive, PromotionPaused, Refused, Unanswered
from tasks.domain.events import AnalysisEnded, EnvironmentPaused
from tasks.domain.events.claims import FORWARD
from tasks.ledger.state import EnvironmentState
from tasks.promotion.environment_run import EnvironmentRun

_EVERY = 15.0
"""Seconds between two judgements while units are applied."""

_PIECE = 5.0
"""Longest sleep in seconds: a run that is being cancelled must not sleep through a window."""


class Analyses:
    """The analyses of one run. `look` judges windows that have ended; `finish` waits for all analyses."""

    def __init__(self, run: EnvironmentRun) -> None:
        self.run = run
        self.ended: dict[str, Judged] = {}
        self._judging: dict[str, Judging] = {}
        found = run.state()
        self._declared = declared(run) if _counts(found) and not found.attempt.omits_analyses else {}
        self._errors: list[Exception] = []
        self._lock = threading.Lock()

    def look(self, *, whole: bool = False) -> None:
        """Judge the open analyses once.

        Args:
            whole: everything is applied, so the environment's own analysis has started too.
        """
        with self._lock:
            for subject, judging in self._open(whole).items():
                found = judging.judge(self._now())
                if found.verdict is not None:
                    self._end(subject, found)

    @property
    def any(self) -> bool:
        """Whether there is anything to analyse."""
        return bool(self._declared)

    def block(self, unit: str) -> bool:
        """Tell whether units that need this one wait for its analysis."""
        return unit in self._declared and self._declared[unit].blocks

    def await_unit(self, unit: str) -> None:
        """Wait for the analysis of one unit, and raise its error.

        An error of another analysis is raised too, unless that one is merely inconclusive.
        """
        while unit in (left := self._left(whole=False)):
            self._sleep(left)
            self.look()
        for error in self._errors:
            if not isinstance(error, Inconclusive) or error.subject == unit:
                raise error

    def finish(self) -> list[Exception]:
        """Wait until every analysis has a verdict, or one has failed; return all errors so far."""
        self.look(whole=True)
        while (left := self._left(whole=True)) and not self._failed:
            self._sleep(left)
            self.look(whole=True)
        return self.errors

    def note(self, error: Exception) -> None:
        """Keep an error that occurred in the background."""
        self._errors.append(error)

    @property
    def errors(self) -> list[Exception]:
        """The errors of the analyses so far that ended without passing."""
        return [*self._errors]

    @property
    def _failed(self) -> bool:
        return any(found.verdict is Verdict.FAILED for found in self.ended.values())

    def _left(self, whole: bool) -> list[str]:
        return [subject for subject in self._applied(whole) if subject not in self.ended]

    def _applied(self, whole: bool) -> dict[str, AppliedAt]:
        found = open_(self.run.state(), self._declared)
        return {subject: at for subject, at in found.items() if whole or subject != ENVIRONMENT}

    def _open(self, whole: bool) -> dict[str, Judging]:
        applied = self._applied(whole)
        for subject, at in applied.items():
            if subject not in self._judging:
                self._judging[subject] = judging(self.run, subject, self._declared[subject], at)
                seconds = self._declared[subject].seconds
                self.run.log(subject).info("analysing", what=f"for {seconds / 60:.3g} minutes from the apply on")
        return {subject: self._judging[subject] for subject in applied if subject not in self.ended}

    def _end(self, subject: str, found: Judged) -> None:
        record(self.run, subject, found)
        self.ended[subject] = found
        error = amount_of(self.run, subject, self._declared[subject], found)
        if error is not None:
            self._errors.append(error)
        if found.verdict is Verdict.FAILED:
            self.run.halted.set()

    def _sleep(self, left: Sequence[str]) -> None:
        """Sleep until the next window ends; raise `Unanswered` if the run is being cancelled meanwhile."""
        now = self._now()
        moments = [self._judging[subject].next(now) for subject in left if subject in self._judging]
        until = min(moments, default=now + _PIECE)
        while (seconds := until - self._now()) > 0:
            if self.run.halted.is_set():
                name = self.run.environment.name
                raise Unanswered(f"{name}: the analysis was not waited for; promote again, and it is taken up")
            self.run.clock.sleep(min(seconds, _PIECE))

    def _now(self) -> float:
        return self.run.clock.now().timestamp()


@contextmanager
def watched(analyses: Analyses, every: float = _EVERY) -> Iterator[None]:
    """Judge the analyses in a thread every `every` seconds inside the context; an error is added to `errors`."""
    if not analyses.any:
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            try:
                analyses.look()
            except Exception as error:  # noqa: BLE001 (raised by the caller that reads the errors)
                analyses.note(error)
                return

    thread = threading.Thread(target=watch, name="analyses", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def analyse(run: EnvironmentRun, unit: str, analyses: Analyses) -> None:  # noqa: ARG001 - as every verb is called
    """Judge the open analyses, then wait for the analysis of this unit."""
    analyses.look()
    analyses.await_unit(unit)


def declared(run: EnvironmentRun) -> dict[str, Analysis]:
    """Return {unit, or `ENVIRONMENT`: its analysis} of the analyses with metrics in this environment."""
    name = run.environment.name
    found = {unit: run.unit(unit).analysis for unit in run.units} | {ENVIRONMENT: run.environment.analysis}
    return {subject: each for subject, each in found.items() if each is not None and metrics_in(each, name)}


def open_(found: EnvironmentState, known: Mapping[str, Analysis]) -> dict[str, AppliedAt]:
    """Return {subject: its apply} of the analyses that have not passed yet, according to the ledger."""
    units = {unit: at for unit, at in found.attempt.applied_at.items() if at.ended and unit in found.attempt.units}
    everything = {ENVIRONMENT: _around(units)} if units else {}
    return {
        subject: at
        for subject, at in {**units, **everything}.items()
        if subject in known and subject not in found.attempt.analysed
    }


def sources_of(run: EnvironmentRun, subject: str, analysis: Analysis) -> Sources:
    """Return the clients that an analysis queries; the subject is a unit, or "" for the environment."""
    environment = run.environment_of(subject) if subject else run.environment
    return run.runtime.sources(environment, analysis)


def judging(run: EnvironmentRun, subject: str, analysis: Analysis, at: AppliedAt) -> Judging:
    """Return a judge for the analysis of one apply."""
    sources = sources_of(run, subject, analysis)
    return Judging(analysis, run.environment.name, sources, _seconds(at.began), _seconds(at.ended))


def judged_now(run: EnvironmentRun) -> dict[str, Judged]:
    """Return a fresh judgement of every open analysis, by subject. Records nothing."""
    known, now = declared(run), run.clock.now().timestamp()
    applies = open_(run.state(), known)
    return {subject: judging(run, subject, known[subject], at).judge(now) for subject, at in applies.items()}


def record(run: EnvironmentRun, subject: str, found: Judged) -> None:
    """Record a verdict in the ledger, with all measurements."""
    summary = evidence.summary(named(run, subject), found)
    verdict = found.verdict or Verdict.INCONCLUSIVE
    about = {"unit": subject, "release": run.release.id}
    run.record(AnalysisEnded(**about, verdict=verdict, why=summary, windows=found.windows))
    level = run.log(subject).info if verdict is Verdict.PASSED else run.log(subject).error
    level(f"analysis {verdict.value}", what="; ".join([*summary.splitlines()[1:3], *found.notes]))


def amount_of(run: EnvironmentRun, subject: str, analysis: Analysis, found: Judged) -> Exception | None:
    """Return the error that a verdict means for the promotion; None if the analysis passed."""
    summary = evidence.summary(named(run, subject), found)
    if found.verdict is Verdict.FAILED:
        return Refused(summary)
    if found.verdict is Verdict.INCONCLUSIVE:
        return Inconclusive(summary, subject, found.doubtful, analysis.decide_within)
    return None


def pause(run: EnvironmentRun, errors: list[Inconclusive]) -> PromotionPaused:
    """Record that people have to decide. Returns the error to raise."""
    why = "\n".join(str(error) for error in errors)
    doubtful = any(error.doubtful for error in errors)
    units = tuple(error.subject for error in errors)
    return hold(run, units, why, doubtful, min(error.decide_within for error in errors))


def hold(run: EnvironmentRun, units: tuple[str, ...], why: str, doubtful: bool, seconds: float) -> PromotionPaused:
    """Record that people have `seconds` to decide. Returns the error, which says what happens otherwise.

    Args:
        units: the subjects of the inconclusive analyses.
        why: what was measured, in words.
        doubtful: whether values were doubtful, so that the release is rolled back when time is up.
        seconds: the time to decide.
    """
    environment = run.environment.name
    until = (run.clock.now() + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    run.record(EnvironmentPaused(release=run.release.id, units=units, why=why, doubtful=doubtful, until=until))
    run.log().warning("paused", what=f"until {until}")
    otherwise = (
        f"otherwise it is rolled back after {until}" if doubtful else "nothing is rolled back for silence alone"
    )
    todo = f"run `flowmart continue {environment} --reason ...` or `flowmart rollback {environment}`"
    return PromotionPaused(f"{why}\n{environment} is paused: {todo}; {otherwise}")


def named(run: EnvironmentRun, subject: str) -> str:
    """Return a subject's name for people: "staging/cart", or "staging"."""
    return f"{run.environment.name}/{subject}" if subject else run.environment.name


def _counts(found: EnvironmentState) -> bool:
    return found.claim is not None and found.claim.purpose in FORWARD


def _around(units: Mapping[str, AppliedAt]) -> AppliedAt:
    """Return all applies as one: from the start of the first to the end of the last."""
    return AppliedAt(min(at.began for at in units.values()), max(at.ended for at in units.values()))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
