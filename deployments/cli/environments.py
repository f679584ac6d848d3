"""The environments that commands can be asked about."""

from __future__ import annotations

from collections.abc import Sequence

from tasks import manifest, settings
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment, Platform
from tasks.ledger.history import History
from tasks.reports import board_reading


def platform() -> Platform | None:
    """The platform that the working tree declares; None where there is no platform.yaml."""
    infrastructure = settings.load().repository / "infrastructure"
    return manifest.load(infrastructure) if (infrastructure / "platform.yaml").exists() else None


def declared() -> Sequence[Environment]:
    """The environments that the working tree declares, in promotion order; none where there is no platform.yaml."""
    found = platform()
    return found.environments if found else ()


def names(history: History) -> Sequence[str]:
    """In promotion order, as the working tree declares them; before that, or elsewhere, those with a ledger."""
    return [environment.name for environment in declared()] or history.ledger.environments()


def known_environment(name: str) -> str:
    """The name, if there is such an environment; `InvalidInput` names those that there are."""
    known = names(History(settings.load()))
    if name not in known:
        raise InvalidInput(f"environment {name}: there are {', '.join(known)}")
    return name


def recoverable_environment(name: str) -> str:
    """The name of a known environment, or of one that platform.yaml no longer declares and that needs an operator.

    Raises:
        InvalidInput: There is no such environment, or it is not declared and nothing was left open there.
    """
    return name if name in left_open(History(settings.load())) else known_environment(name)


def left_open(history: History) -> Sequence[str]:
    """The environments that the working tree does not declare, and that are blocked, held by a run, or damaged."""
    return board_reading.left_open(history, names(history))
