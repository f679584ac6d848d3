"""Loads platform.yaml as a `Platform`, and resolves one of its units for one environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Check, Environment, Platform, Unit
from tasks.manifest import analysis, defaults, document, draft, environments, paths, placeholders, terragrunt, units
from tasks.manifest.mistakes import Document, Mistake, not_among, refuse
from tasks.manifest.models import platform_model

FILE = "platform.yaml"


def load(infrastructure: Path) -> Platform:
    """Load the platform that `infrastructure`/platform.yaml declares.

    Raises:
        InvalidInput: names every mistake in the file.
    """
    found = document.read(infrastructure / FILE)
    _refuse_what_is_no_mapping(found)
    found = defaults.expanded(terragrunt.expanded(infrastructure, found))
    understood = draft.draft(infrastructure, found)
    rules = (
        *paths.mistakes(infrastructure, found.data),
        *environments.mistakes(understood),
        *units.mistakes(understood),
    )
    refuse(found, (*found.mistakes, *draft.mistakes(found), *rules))
    declared = platform_model().model_validate(found.data)
    needs = terragrunt.needs(infrastructure, found)
    built = Platform(
        name=declared.platform,
        environments=environments.built(understood),
        units=tuple(units.built(name, unit, needs.get(name, {})) for name, unit in declared.units.items()),
        trusted=declared.trusted,
        paths=understood.paths,
    )
    refuse(found, units.cycles(built))
    return built if not understood.is_open else _without_unknown_needs(built)


def terragrunt_block(infrastructure: Path, platform: Platform) -> terragrunt.TerragruntBlock | None:
    """Return the `terragrunt` block of the platform.yaml that declares `platform`, or None if it has none.

    Raises:
        InvalidInput: a placeholder is unknown, or two environments would have the same folder.
    """
    block = terragrunt.declared(document.read(infrastructure / FILE))
    return terragrunt.filled(block, platform) if block else None


def resolve(platform: Platform, environment: str, unit: str) -> Unit:
    """Return the unit as it is deployed to `environment`, with source, inputs and checks filled in.

    `{outputs.NAME}` in the options of checks stays: the checks replace it when they run.

    Raises:
        InvalidInput: there is no such environment or unit, or the unit is not deployed there.
    """
    around = _environment(platform, environment)
    declared = _unit(platform, around, unit)
    names = environments.scope(platform.name, environments.unit_environment(platform.name, around, declared))
    return replace(
        declared,
        source=str(placeholders.fill(declared.source, names)),
        inputs=placeholders.fill(declared.inputs, names),
        options=placeholders.fill(declared.options, names),
        checks=tuple(_filled(check, names) for check in declared.checks),
        analysis=analysis.filled(declared.analysis, names),
    )


def _refuse_what_is_no_mapping(found: Document) -> None:
    if found.data is None:
        refuse(found, [*found.mistakes, Mistake((), "is empty: declare platform, environments and units")])
    if not isinstance(found.data, dict):
        refuse(found, [*found.mistakes, Mistake((), "must be a mapping with platform, environments and units")])


def _environment(platform: Platform, name: str) -> Environment:
    known = {environment.name: environment for environment in platform.environments}
    if name not in known:
        raise InvalidInput(f"{not_among(name, 'an environment', known)} (see {FILE})")
    return known[name]


def _unit(platform: Platform, environment: Environment, name: str) -> Unit:
    known = platform.by_name
    if name not in known:
        raise InvalidInput(f"{not_among(name, 'a unit', known)} (see {FILE})")
    if environment.name not in known[name].environments:
        where = ", ".join(known[name].environments)
        raise InvalidInput(f"{name} is not deployed to {environment.name}, only to {where} (see {FILE})")
    return known[name].within(environment.name)


def _without_unknown_needs(platform: Platform) -> Platform:
    """Drop needs that refer to units that are not known yet."""
    known = {unit.name for unit in platform.units}
    kept = (replace(unit, needs=tuple(need for need in unit.needs if need in known)) for unit in platform.units)
    return replace(platform, units=tuple(kept))


def _filled(check: Check, names: dict[str, Any]) -> Check:
    return replace(check, options=placeholders.fill(check.options, names))
