"""Checks that units fit together: each accepts its inputs, and the units that it refers to have those outputs.

This runs once, when a release is made: it reads the units' sources, which takes longer than reading platform.yaml.
The value of an output is known only after an apply, and is checked then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tasks.domain import references
from tasks.domain.platform import Environment, Platform, Unit
from tasks.engines import ENGINES, Interface, interface
from tasks.manifest import document, paths
from tasks.manifest.environments import unit_environment
from tasks.manifest.mistakes import Mistake, not_among, refuse
from tasks.manifest.platform import FILE, resolve


def refuse_miswired(infrastructure: Path, platform: Platform) -> None:
    """Check that units fit together, have the accounts that they need, and do not share a state.

    Raises:
        InvalidInput: names every input that is missing, unknown or fed from an output that does not fit. It also
            names missing accounts, shared states, and the faults that engines report for their units.
    """
    mistakes: dict[Mistake, list[str]] = {}
    places: dict[str, str] = {}
    root = paths.root(infrastructure, platform)
    for environment in platform.environments:
        units = {u.name: resolve(platform, environment.name, u.name) for u in platform.units_in(environment.name)}
        known = _interfaces(root, units)
        for unit in units.values():
            found = (
                *_in_one(root, unit, known),
                *_without_account(root, platform, environment, unit),
                *_faults(root, unit),
                *_shared_place(root, environment, unit, places),
            )
            for mistake in found:
                mistakes.setdefault(mistake.below(("units", unit.name)), []).append(environment.name)
    listed = (Mistake(m.key, f"{m.message} (in {', '.join(where)})") for m, where in mistakes.items())
    refuse(document.read(infrastructure / FILE), listed)


def _without_account(root: Path, platform: Platform, environment: Environment, unit: Unit) -> Iterator[Mistake]:
    """Report a unit that works with AWS although neither it nor its environment has an account."""
    if unit_environment(platform.name, environment, unit).account:
        return
    remedy = "needs an AWS account: add `account` and `region` to the environment, or to this unit"
    if ENGINES[unit.engine].needs_aws(root, unit.source):
        yield Mistake(("engine",), f"{unit.engine} {remedy}")
    for place, check in enumerate(unit.checks):
        if check.kind == "aws":
            yield Mistake(("checks", place, "kind"), f"a check of AWS {remedy}")


def _faults(root: Path, unit: Unit) -> Iterator[Mistake]:
    """Report what the unit's engine finds wrong without running its tool."""
    for fault in ENGINES[unit.engine].faults(root, unit):
        yield Mistake(("source",), f"{unit.source}: {fault}")


def _shared_place(root: Path, environment: Environment, unit: Unit, places: dict[str, str]) -> Iterator[Mistake]:
    """Report a unit that keeps its state in the same place as another unit, or as itself in another environment."""
    place = ENGINES[unit.engine].place(root, unit)
    here = f"{unit.name} in {environment.name}"
    first = places.setdefault(place, here) if place else here
    if first != here:
        yield Mistake(("source",), f"keeps its state in {place}, as {first} does: each needs a state of its own")


def _interfaces(root: Path, units: Mapping[str, Unit]) -> dict[str, Interface]:
    """Return the interfaces of units with inputs or referenced outputs. Reading all units would take seconds."""
    named = {name for unit in units.values() for name in references.sources(unit.inputs)}
    asked = named | {unit.name for unit in units.values() if unit.inputs}
    return {name: interface(root, units[name]) for name in sorted(asked)}


def _in_one(root: Path, unit: Unit, known: Mapping[str, Interface]) -> Iterator[Mistake]:
    if unit.name not in known:
        return
    takes = known[unit.name]
    missing = takes.required - unit.inputs.keys() - _secrets(unit)
    for name in sorted(missing.difference(ENGINES[unit.engine].supplied(root, unit)) if missing else ()):
        yield Mistake(("inputs",), f"{name} is missing: {unit.engine} cannot plan {unit.name} without it")
    for name, value in unit.inputs.items():
        yield from (m.below(("inputs", name)) for m in _input(name, value, takes, known))


def _secrets(unit: Unit) -> set[str]:
    """Return the inputs that are set as secrets: Terraform reads TF_VAR_x and Packer PKR_VAR_x for the variable x."""
    return {name.partition("_VAR_")[2] for name in unit.secrets if name.startswith(("TF_VAR_", "PKR_VAR_"))}


def _input(name: str, value: Any, takes: Interface, known: Mapping[str, Interface]) -> Iterator[Mistake]:
    if takes.accepts is not None and name not in takes.accepts:
        yield Mistake((), not_among(name, "an input of this unit", takes.accepts))
        return
    wanted = (takes.accepts or {}).get(name, "any")
    alone = references.alone(value)
    given = _given(alone, known) if alone else references.kind_of(value)
    if value is not None and not references.fits(given, wanted):
        yield Mistake((), f"is a {given}, and the unit takes a {wanted}")
    missing = partial(_missing, known=known)
    yield from filter(None, map(missing, references.references(value)))


def _given(reference: tuple[str, str], known: Mapping[str, Interface]) -> str:
    unit, output = reference
    gives = known[unit].gives if unit in known else None
    return (gives or {}).get(output, "any")


def _missing(reference: tuple[str, str], known: Mapping[str, Interface]) -> Mistake | None:
    unit, output = reference
    gives = known[unit].gives if unit in known else None
    if gives is None or output in gives:
        return None
    return Mistake((), f"{{{unit}.{output}}}: {not_among(output, f'an output of {unit}', gives)}")
