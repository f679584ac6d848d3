"""Reports on a commit: statuses while it is planned, then the comment and the check run.

The commit is the head of a pull request, or a merge queue's combination of several, which has no comment. Reports are
best effort: a failed one is logged and changes nothing. However the work on a commit ends, GitHub shows an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tasks.domain.outcome import Outcome, overall
from tasks.github import check_runs, comments, plans, pulls, statuses, text
from tasks.github.best_effort import send
from tasks.github.check_runs import Annotation, Conclusion
from tasks.github.plans import Head
from tasks.github.reported import EnvironmentReport
from tasks.github.repositories import OnGitHub

COMMENT = "plan"


@dataclass
class PullReport:
    """The report on one commit.

    `number`: its pull request; None for a merge queue. `check_run`: None if it could not be created.
    """

    home: OnGitHub
    sha: str
    number: int | None
    check_run: int | None
    open: set[str] = field(default_factory=set)
    """The statuses that are "pending"."""
    is_released: bool = False
    ended: bool = False

    def released(self, release: str) -> None:
        """Report that the commit makes a release."""
        self.is_released = True
        self._status("release", "success", f"release {release}")

    def pending(self, environment: str) -> None:
        """Report that an environment is being planned."""
        self._status(environment, "pending", "being planned")

    def planned(self, report: EnvironmentReport) -> None:
        """Report that an environment is planned and tested."""
        self._status(report.environment, statuses.OF[report.outcome], report.summary)

    def conclude(self, release: str, reports: Sequence[EnvironmentReport], said: Sequence[Annotation]) -> None:
        """Write the comment and complete the check run, once all environments are planned."""
        head = Head(self.sha, release, self.home.address)
        title = "; ".join(f"{report.environment}: {report.summary}" for report in reports)
        self._comment(plans.comment(head, reports))
        found = overall(report.outcome for report in reports)
        self._end(Conclusion(found, title, plans.summary(head, reports), said))

    def refused(self, outcome: Outcome, why: str, said: Sequence[Annotation] = ()) -> None:
        """Report that there is nothing to plan, or that planning could not be completed."""
        body = plans.refused(Head(self.sha, "", self.home.address), outcome, why)
        for about in sorted(self.open | (set() if self.is_released else {"release"})):
            self._status(about, statuses.OF[outcome], why)
        self._comment(body)
        self._end(Conclusion(outcome, "no plan", body, said))

    def _comment(self, body: str) -> None:
        if self.number is not None:
            number = self.number
            send("comment", lambda: self._keep(number, body))

    def _keep(self, number: int, body: str) -> None:
        # An older run may end after a newer one; its results are then out of date.
        if pulls.get(self.home.client, self.home.name, number).sha == self.sha:
            marker = text.marker(self.home.platform, COMMENT)
            comments.keep(self.home.client, self.home.name, number, marker, body)

    def _status(self, about: str, state: statuses.State, said: str) -> None:
        home, context = self.home, statuses.context(self.home.platform, about)
        (self.open.add if state == "pending" else self.open.discard)(about)
        send(
            f"status of {about}",
            lambda: statuses.set_status(home.client, home.name, self.sha, context, state, said, home.address),
        )

    def _end(self, found: Conclusion) -> None:
        self.ended = True
        check_run = self.check_run
        if check_run is not None:
            send("check run", lambda: check_runs.conclude(self.home.client, self.home.name, check_run, found))


@contextmanager
def begun(home: OnGitHub, sha: str, number: int | None = None) -> Iterator[PullReport]:
    """Show on GitHub that a commit is being planned while the context lasts, and that it ended.

    If the body raises before it reported a result, the result is `unanswered`: the error says nothing about the
    commit.
    """
    check_run = send(
        "check run",
        lambda: check_runs.begin(home.client, home.name, home.platform, sha, home.address, home.run),
    )
    report = PullReport(home, sha, number, check_run)
    try:
        yield report
    except BaseException as error:
        if not report.ended:
            report.refused(Outcome.UNANSWERED, f"The run ended before it was done: {type(error).__name__}: {error}")
        raise
