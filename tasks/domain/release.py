"""A release, where it goes (target), what it is planned with (inputs) and what is applied (receipt)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.domain.values import digest_of


@dataclass(frozen=True)
class Release:
    """The content of `infrastructure/` and of the platform's `paths`, frozen.

    `digest` is over every file in it; `id` is its first 12 digits. `units` maps "environment/unit" to the digest of
    exactly what that unit reads there. Where the content came from is not part of it: see `Provenance`.
    """

    id: str
    digest: str
    units: Mapping[str, str]


@dataclass(frozen=True)
class Provenance:
    """Where a release came from, one of the times that it was asked for.

    `author` is the commit's, as git writes it: "Anna Berg <anna@flowmart.example>". `pull_request` is the number of
    the one that brought the commit, where that is known. `requested_by` asked for the release, `at` is when (UTC).
    """

    commit: str = ""
    author: str = ""
    subject: str = ""
    pull_request: int | None = None
    requested_by: str = ""
    at: str = ""


@dataclass(frozen=True)
class RequestedRelease:
    """A release, and where it came from the last time that it was asked for."""

    release: Release
    provenance: Provenance

    @property
    def id(self) -> str:
        """The release's id."""
        return self.release.id


@dataclass(frozen=True, order=True)
class Target:
    """(release, environment, unit): the one coordinate that every step takes."""

    release: str
    environment: str
    unit: str

    def __str__(self) -> str:
        return f"{self.unit} in {self.environment} at {self.release}"


@dataclass(frozen=True)
class Inputs:
    """What a unit is planned with besides its source: declared values, and outputs of the units it needs.

    `upstream` is {unit: {output: value}}; a sensitive output is the `MASK`. `None` in place of a unit's
    outputs: not known yet. `secretive` is {unit: id of its receipt} of those with sensitive outputs: what these are
    cannot be compared, so each apply of such a unit counts as a change of them.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    upstream: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    secretive: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether every unit that is needed has outputs."""
        return all(outputs is not None for outputs in self.upstream.values())

    @property
    def digest(self) -> str:
        """Changes exactly when a value or an upstream output does."""
        return digest_of({"values": self.values, "upstream": self.upstream, "secretive": self.secretive})


@dataclass(frozen=True)
class Receipt:
    """What is known to be applied in an environment for a unit, and how to get back to it.

    `details` is the engine's own: by what it recognises later what it applied (terraform: where the state is, its
    lineage and serial).
    """

    id: str
    target: Target
    unit_digest: str
    inputs_digest: str
    plan_digest: str
    outputs: Mapping[str, Any]
    at: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Baseline:
    """What existed of a unit before our first apply: a rollback never removes it.

    `description` is for people ("state with serial 12 and 3 resources"). `data` is the engine's own: what it needs to
    return to that version, where the tool keeps it (a Helm revision, a CloudFormation template). Empty: a rollback
    leaves the unit as it is.
    """

    description: str
    data: Mapping[str, Any] = field(default_factory=dict)
