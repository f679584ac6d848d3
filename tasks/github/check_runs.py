"""The check run of a commit: a summary, and what policies say at the lines that they are about.

Only a GitHub App (or a workflow's own token) may make check runs; with a person's token GitHub refuses, and the
comment and the statuses have to do.
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
"""Annotations that GitHub takes in one request."""

LONGEST_SUMMARY = 65_535
LONGEST_MESSAGE = 60_000
"""GitHub's limit is 64 KB."""

LONGEST_TITLE = 255

# A check that could not be made is neither good nor bad; GitHub has no "error" here, and asks for a person instead.
_CONCLUSIONS = {Outcome.SUCCEEDED: "success", Outcome.FAILED: "failure", Outcome.UNANSWERED: "action_required"}


@dataclass(frozen=True)
class Annotation:
    """Something to say about a line. `path` is from the top of the repository."""

    path: str
    line: int
    level: Literal["warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True)
class Conclusion:
    """How a check ended. `summary` is Markdown."""

    outcome: Outcome
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()


def begin(client: Client, repository: str, name: str, sha: str, url: str, run: str = "") -> int:
    """Show that a commit is being checked, by which run; the id of the check run. `name` is the platform's."""
    body = {"name": name, "head_sha": sha, "status": "in_progress", "started_at": _now(), **_details(url, run)}
    return int(client.ask("POST", repository, "/check-runs", body)["id"])


def conclude(client: Client, repository: str, check_run: int, found: Conclusion) -> None:
    """Say how it ended. Annotations that do not fit into one request come in more; the last one ends the check."""
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
