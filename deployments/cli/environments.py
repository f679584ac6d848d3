"""Finds the environments that commands accept."""

from __future__ import annotations

from collections.abc import Sequence

from tasks import manifest, settings
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment, Platform
from tasks.ledger.history import History
from tasks.reports import board_reading


def platform() -> Platform | None:
    """Return the platform that the working tree declares; None if there is no platform.yaml."""
    infrastructure = settings.load().repository / "infrastructure"
    return manifest.load(infrastructure) if (infrastructure / "platform.yaml").exists() else None


def declared() -> Sequence[Environment]:
    """Return the environments of the working tree, in promotion order; empty if there is no platform.yaml."""
    found = platform()
    return found.environments if found else ()


def names(history: History) -> Sequence[str]:
    """Return the names of declared environments, in promotion order; if there are none, those with a ledger."""
    return [environment.name for environment in declared()] or history.ledger.environments()


def known_environment(name: str) -> str:
    """Return the name if the environment exists.

    Raises:
        InvalidInput: it does not; the message names those that do.
    """
    known = names(History(settings.load()))
    if name not in known:
        raise InvalidInput(f"environment {name}: there are {', '.join(known)}")
    return name


def recoverable_environment(name: str) -> str:
    """Return the name of a known environment, or of one that is no longer declared but needs an operator.

    Raises:
        InvalidInput: there is no such environment, or it is not declared and nothing was left open there.
    """
    return name if name in left_open(History(settings.load())) else known_environment(name)


def left_open(history: History) -> Sequence[str]:
    """Return environments that are no longer declared but are blocked, held by a run, or damaged."""
    return board_reading.left_open(history, names(history))
