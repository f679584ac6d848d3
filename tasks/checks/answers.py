"""What a check is asked with, and what comes back from one attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.outcome import Outcome
from tasks.processes import Processes


@dataclass(frozen=True)
class Surroundings:
    """Where a check is asked.

    `client` makes a boto3 client for a service with the planning role's credentials, `outputs` are those of the
    unit, `folder` is infrastructure/ in the release's checkout, `variables` are what a script finds in its
    environment (credentials, region). `processes` runs scripts.
    """

    client: Callable[[str], Any]
    outputs: Mapping[str, Any]
    folder: Path
    variables: Mapping[str, str]
    processes: Processes = field(default_factory=Processes)


@dataclass(frozen=True)
class Answer:
    """One attempt: its outcome, and in words for people what was found."""

    outcome: Outcome
    found: str


def passed(found: str) -> Answer:
    """The answer is right."""
    return Answer(Outcome.SUCCEEDED, found)


def failed(found: str) -> Answer:
    """There is an answer, and it is wrong."""
    return Answer(Outcome.FAILED, found)


def unanswered(found: str) -> Answer:
    """There is no answer."""
    return Answer(Outcome.UNANSWERED, found)


def judged(right: bool, found: str) -> Answer:
    """There is an answer: right or wrong."""
    return passed(found) if right else failed(found)


def shortened(text: str, limit: int = 200) -> str:
    """`text` on one line, cut off where a table would become unreadable."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
