"""The data of a proposed platform.yaml: what was guessed, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.start.discovery import Left

ANSIBLE, TERRAFORM, TERRAGRUNT = "ansible", "terraform", "terragrunt"


@dataclass(frozen=True)
class Guess:
    """A value, and the reason for it."""

    value: str
    why: str


@dataclass(frozen=True)
class GuessedUnit:
    """A unit. `source` and `options` may contain `{environment}`.

    `needs` are the units it depends on, and `ordered` says why. `region` is empty if it is the environment's. `notes`
    are what a person must check.
    """

    name: str
    engine: str
    source: str
    environments: tuple[str, ...]
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    ordered: str = ""
    region: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuessedEnvironment:
    """An environment. `account` and `region` are None if none of its units needs AWS.

    `why` is the reason to consider it one, unless its name suffices.
    """

    name: str
    after: str
    account: Guess | None = None
    region: Guess | None = None
    cluster: bool = False
    why: str = ""


@dataclass(frozen=True)
class Guessed:
    """The proposed platform.yaml, and what was left out; `paths` are released besides infrastructure/."""

    platform: Guess
    environments: tuple[GuessedEnvironment, ...]
    units: tuple[GuessedUnit, ...]
    left: tuple[Left, ...] = field(default=())
    paths: tuple[str, ...] = ()
