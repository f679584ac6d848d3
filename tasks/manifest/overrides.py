"""Loads overrides.yaml: the exceptions from policies that a release contains.

They are part of the release so that they are reviewed with the change that needs them. The policies decide whether
one has expired, on the day of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tasks.domain.platform import Platform
from tasks.domain.rules import Override
from tasks.manifest import listed
from tasks.manifest.declared.exceptions import DeclaredOverride
from tasks.manifest.mistakes import Mistake, day, no_day, not_among, refuse
from tasks.manifest.platform import load

FILE = "overrides.yaml"


def load_overrides(infrastructure: Path) -> tuple[Override, ...]:
    """Load the overrides in `infrastructure`/overrides.yaml; empty if there is no such file.

    Raises:
        InvalidInput: names every mistake, such as an environment or unit that platform.yaml does not know.
    """
    found, entries = listed.read(infrastructure / FILE, DeclaredOverride)
    if found is None:
        return ()
    overrides = tuple(Override(**declared.model_dump()) for declared in entries)
    refuse(found, _meaning(overrides, load(infrastructure), _policies(infrastructure)))
    return overrides


def _meaning(overrides: Sequence[Override], platform: Platform, policies: Sequence[str]) -> Iterator[Mistake]:
    for place, override in enumerate(overrides):
        yield from (mistake.below((place,)) for mistake in _in_one(override, platform, policies))
        if _subject(override) in [_subject(earlier) for earlier in overrides[:place]]:
            yield Mistake((place,), "another override has this policy, environment, unit and address: keep one")


def _in_one(override: Override, platform: Platform, policies: Sequence[str]) -> Iterator[Mistake]:
    if policies and override.policy not in policies:
        yield Mistake(("policy",), not_among(override.policy, "a policy", policies))
    yield from listed.place(platform, override.environment, override.unit)
    if day(override.expires) is None:
        yield no_day(("expires",), override.expires)


def _policies(infrastructure: Path) -> list[str]:
    return sorted(path.stem for path in (infrastructure / "policies").glob("*.rego"))


def _subject(override: Override) -> tuple[Any, ...]:
    return (override.policy, override.environment, override.unit, override.address)
