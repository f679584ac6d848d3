"""Defines the context of one attempt of a check, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.outcome import Outcome
from tasks.monitoring.client import Prometheus
from tasks.processes import Processes


def no_prometheus(seconds: float) -> Prometheus:  # noqa: ARG001 - has the signature of a real one
    """Raise `InvalidInput`: the default for an environment without a Prometheus."""
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
        prometheus: returns the environment's Prometheus; its argument is the time limit of a request in seconds.
        writing: returns the environment variables with the credentials that apply, for checks that create objects.
        helm: returns the helm program.
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
    """The result of one attempt: its outcome, and what was found, as a phrase for people."""

    outcome: Outcome
    found: str


def passed(found: str) -> Answer:
    """Return the result of an attempt that found what was expected."""
    return Answer(Outcome.SUCCEEDED, found)


def failed(found: str) -> Answer:
    """Return the result of an attempt that found something else."""
    return Answer(Outcome.FAILED, found)


def unanswered(found: str) -> Answer:
    """Return the result of an attempt without a response: nothing is known about the unit."""
    return Answer(Outcome.UNANSWERED, found)


def judged(right: bool, found: str) -> Answer:
    """Return the result of an attempt with a response: passed if `right`, else failed."""
    return passed(found) if right else failed(found)


def shortened(text: str, limit: int = 200) -> str:
    """Return `text` on one line of at most `limit` characters, so that it fits into a table."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
