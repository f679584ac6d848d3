"""The check run of a commit: a summary, and the findings of policies at the lines that they concern.

Only a GitHub App (or a workflow's own token) may create check runs. GitHub rejects a person's token, and the comment
and the statuses must suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from tasks.domain.outcome import Outcome
from tasks.github import text
from tasks.github.client import Client

MOST = 50
"""Maximum number of annotations in one request."""

LONGEST_SUMMARY = 65_535
LONGEST_MESSAGE = 60_000
"""GitHub's limit is 64 KB."""

LONGEST_TITLE = 255

# A check that could not run neither passes nor fails. GitHub has no "error" here, so the conclusion asks for a
# person.
_CONCLUSIONS = {Outcome.SUCCEEDED: "success", Outcome.FAILED: "failure", Outcome.UNANSWERED: "action_required"}


@dataclass(frozen=True)
class Annotation:
    """A message about one line. `path` is relative to the root of the repository."""

    path: str
    line: int
    level: Literal["warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True)
class Conclusion:
    """The result of a check. `summary` is Markdown."""

    outcome: Outcome
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()


def begin(client: Client, repository: str, name: str, sha: str, url: str, run: str = "") -> int:
    """Start a check run for a commit.

    Args:
        client: asks GitHub.
        repository: owner/name.
        name: the platform's name.
        sha: the commit.
        url: the page of the flow run; may be empty.
        run: the id of the flow run; may be empty.

    Returns:
        The id of the check run.
    """
    body = {"name": name, "head_sha": sha, "status": "in_progress", "started_at": _now(), **_details(url, run)}
    return int(client.ask("POST", repository, "/check-runs", body)["id"])


def conclude(client: Client, repository: str, check_run: int, found: Conclusion) -> None:
    """Complete a check run.

    GitHub limits the annotations in one request. Several requests send them all, and the last one completes the
    check.

    Args:
        client: asks GitHub.
        repository: owner/name.
        check_run: the id of the check run.
        found: its result.
    """
    batches = [found.annotations[i : i + MOST] for i in range(0, len(found.annotations), MOST)] or [()]
    for batch in batches[:-1]:
        client.ask("PATCH", repository, f"/check-runs/{check_run}", {"output": _output(found, batch)})
    ending = {
        "status": "completed",
        "completed_at": _now(),
        "conclusion": _CONCLUSIONS[found.outcome],
        "output": _output(found, batches[-1]),
    }
    client.ask("PATCH", repository, f"/check-runs/{check_run}", ending)


def _output(found: Conclusion, annotations: Sequence[Annotation]) -> dict[str, Any]:
    return {
        "title": text.line(found.title, LONGEST_TITLE),
        "summary": text.cut(found.summary, LONGEST_SUMMARY),
        "annotations": [_annotation(annotation) for annotation in annotations],
    }


def _annotation(said: Annotation) -> dict[str, Any]:
    return {
        "path": said.path,
        "start_line": said.line,
        "end_line": said.line,
        "annotation_level": said.level,
        "title": text.line(said.title, LONGEST_TITLE),
        "message": said.message[:LONGEST_MESSAGE],
    }


def _details(url: str, run: str) -> dict[str, str]:
    return {**({"details_url": url} if url else {}), **({"external_id": run} if run else {})}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
