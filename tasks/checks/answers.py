"""What one attempt of a check is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.outcome import Outcome
from tasks.monitoring.client import Prometheus
from tasks.processes import Processes


def no_prometheus(seconds: float) -> Prometheus:  # noqa: ARG001 - as those are asked that there are
    """Where no Prometheus is declared."""
    raise InvalidInput("no Prometheus is declared for this environment: add monitoring.prometheus to platform.yaml")


@dataclass(frozen=True)
class Surroundings:
    """The context that a check runs in.

    Attributes:
        client: returns a boto3 client for a service name, with the planning role's credentials.
        outputs: the outputs of the unit.
        folder: infrastructure/ in the release's checkout.
        variables: the environment variables of a script (credentials, region).
        processes: runs scripts.
        prometheus: returns the environment's Prometheus, with a time limit of so many seconds for each request.
        writing: returns the environment variables with the credentials that apply, for what makes objects.
        helm: returns which program helm is.
    """

    client: Callable[[str], Any]
    outputs: Mapping[str, Any]
    folder: Path
    variables: Mapping[str, str]
    processes: Processes = field(default_factory=Processes)
    prometheus: Callable[[float], Prometheus] = no_prometheus
    writing: Callable[[], Mapping[str, str]] = dict
    helm: Callable[[], str] = lambda: "helm"


@dataclass(frozen=True)
class Answer:
    """The result of one attempt: its outcome, and a phrase for people about what was found."""

    outcome: Outcome
    found: str


def passed(found: str) -> Answer:
    """The answer is as expected."""
    return Answer(Outcome.SUCCEEDED, found)


def failed(found: str) -> Answer:
    """There is an answer, and it is not as expected."""
    return Answer(Outcome.FAILED, found)


def unanswered(found: str) -> Answer:
    """There is no answer, so nothing is known about the unit."""
    return Answer(Outcome.UNANSWERED, found)


def judged(right: bool, found: str) -> Answer:
    """There is an answer: passed if it is `right`, else failed."""
    return passed(found) if right else failed(found)


def shortened(text: str, limit: int = 200) -> str:
    """`text` on one line of at most `limit` characters, so that it fits into a table."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
