"""overrides.yaml: the exceptions from policies that a release brings with it.

They are part of the release so that they are reviewed with the change that needs them. Whether one has expired is
for the policies to judge, on the day of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tasks.manifest import document, explain
from tasks.manifest.declared import DeclaredOverride
from tasks.manifest.mistakes import Document, Mistake, is_day, not_among, refuse
from tasks.manifest.platform import load
from tasks.model import Override, Platform

FILE = "overrides.yaml"
LIST = TypeAdapter(list[DeclaredOverride])


def load_overrides(infrastructure: Path) -> tuple[Override, ...]:
    """The overrides in `infrastructure`/overrides.yaml; none when there is no such file.

    InvalidInput that tells every mistake, an environment or unit that platform.yaml does not know included.
    """
    if not (infrastructure / FILE).exists():
        return ()
    found = document.read(infrastructure / FILE)
    if found.data is None:
        refuse(found, found.mistakes)
        return ()
    refuse(found, (*found.mistakes, *_shape(found)))
    overrides = tuple(Override(**declared.model_dump()) for declared in LIST.validate_python(found.data))
    refuse(found, _meaning(overrides, load(infrastructure), _policies(infrastructure)))
    return overrides


def _shape(found: Document) -> tuple[Mistake, ...]:
    try:
        LIST.validate_python(found.data)
    except ValidationError as error:
        return explain.mistakes(error, found.data, LIST.json_schema())
    return ()


def _meaning(overrides: Sequence[Override], platform: Platform, policies: Sequence[str]) -> Iterator[Mistake]:
    for place, override in enumerate(overrides):
        yield from (mistake.below((place,)) for mistake in _in_one(override, platform, policies))
        if _subject(override) in [_subject(earlier) for earlier in overrides[:place]]:
            yield Mistake((place,), "another override has this policy, environment, unit and address: keep one")


def _in_one(override: Override, platform: Platform, policies: Sequence[str]) -> Iterator[Mistake]:
    environments = [environment.name for environment in platform.environments]
    deployed = [unit.name for unit in platform.units_in(override.environment)]
    if policies and override.policy not in policies:
        yield Mistake(("policy",), not_among(override.policy, "a policy", policies))
    if override.environment not in environments:
        yield Mistake(("environment",), not_among(override.environment, "an environment", environments))
    elif override.unit not in deployed:
        yield Mistake(("unit",), not_among(override.unit, f"a unit in {override.environment}", deployed))
    if not is_day(override.expires):
        yield Mistake(("expires",), f"there is no day {override.expires}: write YYYY-MM-DD")


def _policies(infrastructure: Path) -> list[str]:
    return sorted(path.stem for path in (infrastructure / "policies").glob("*.rego"))


def _subject(override: Override) -> tuple[Any, ...]:
    return (override.policy, override.environment, override.unit, override.address)
