"""A pull request as the product reports on it: statuses while it works, then the comment and the check run.

Everything here is a courtesy: that it could not be told is logged, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.domain.outcome import Outcome, overall
from tasks.github import check_runs, comments, plans, pulls, statuses
from tasks.github.best_effort import tell
from tasks.github.check_runs import Annotation, Conclusion
from tasks.github.client import Client
from tasks.github.plans import Head
from tasks.github.reported import EnvironmentReport

COMMENT = "plan"


@dataclass(frozen=True)
class PullReport:
    """What is told about one commit of a pull request. `check_run` is None where there could be none."""

    client: Client
    repository: str
    number: int
    sha: str
    url: str
    check_run: int | None

    def released(self, release: str) -> None:
        """The commit makes a release."""
        self._status("release", "success", f"release {release}")

    def pending(self, environment: str) -> None:
        """An environment is being planned."""
        self._status(environment, "pending", "being planned")

    def planned(self, report: EnvironmentReport) -> None:
        """An environment is planned and tested."""
        self._status(report.environment, statuses.OF[report.outcome], report.told)

    def conclude(self, release: str, reports: Sequence[EnvironmentReport], said: Sequence[Annotation]) -> None:
        """All environments are: the comment, and the check run with its annotations."""
        head = Head(self.sha, release, self.url)
        title = "; ".join(f"{report.environment}: {report.told}" for report in reports)
        self._comment(plans.comment(head, reports))
        found = overall(report.outcome for report in reports)
        self._end(Conclusion(found, title, plans.summary(head, reports), said))

    def refused(self, outcome: Outcome, why: str, said: Sequence[Annotation] = ()) -> None:
        """There is nothing to plan: the commit could not be brought here, or makes no release."""
        body = plans.refused(Head(self.sha, "", self.url), outcome, why)
        self._status("release", statuses.OF[outcome], why)
        self._comment(body)
        self._end(Conclusion(outcome, "no plan", body, said))

    def _comment(self, body: str) -> None:
        tell("comment", lambda: self._keep(body))

    def _keep(self, body: str) -> None:
        # An older run may end after a newer one: what it found is no news then.
        if pulls.get(self.client, self.repository, self.number).sha == self.sha:
            comments.keep(self.client, self.repository, self.number, COMMENT, body)

    def _status(self, about: str, state: statuses.State, description: str) -> None:
        tell(
            f"status of {about}",
            lambda: statuses.tell(self.client, self.repository, self.sha, about, state, description, self.url),
        )

    def _end(self, found: Conclusion) -> None:
        check_run = self.check_run
        if check_run is not None:
            tell("check run", lambda: check_runs.conclude(self.client, self.repository, check_run, found))


def begin(client: Client, repository: str, number: int, sha: str, url: str) -> PullReport:
    """Show on GitHub that a commit of a pull request is being planned."""
    begun = tell("check run", lambda: check_runs.begin(client, repository, sha, url))
    return PullReport(client, repository, number, sha, url, begun)
