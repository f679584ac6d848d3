"""A first platform.yaml as data: what was guessed, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.start.discovery import Left

ANSIBLE, TERRAFORM, TERRAGRUNT = "ansible", "terraform", "terragrunt"


@dataclass(frozen=True)
class Guess:
    """A value, and why it is that."""

    value: str
    why: str


@dataclass(frozen=True)
class GuessedUnit:
    """A unit. `source` and `options` may hold `{environment}`.

    `needs` are the units before it, `ordered` says why; `region` is its own, empty where it is the environment's;
    `notes` are what a person has to look at.
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
    """An environment. `account` and `region` are None where nothing there needs AWS.

    `why` says why it is taken for one, where its name does not.
    """

    name: str
    after: str
    account: Guess | None = None
    region: Guess | None = None
    cluster: bool = False
    why: str = ""


@dataclass(frozen=True)
class Guessed:
    """All that a first platform.yaml says, and what was left out; `paths`: released besides infrastructure/."""

    platform: Guess
    environments: tuple[GuessedEnvironment, ...]
    units: tuple[GuessedUnit, ...]
    left: tuple[Left, ...] = field(default=())
    paths: tuple[str, ...] = ()
