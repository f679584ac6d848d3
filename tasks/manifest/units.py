"""Validates units and builds `Unit`s. Their placeholders are filled in later, for one environment.

A mistake in every environment of a unit is reported once. A mistake in only some of them names those environments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tasks.domain import graph, references
from tasks.domain.platform import Check, Environment, Platform, Roles, Unit, Validation
from tasks.engines import ENGINES
from tasks.manifest import analysis, checks, credentials, environments, explain, placeholders, sources
from tasks.manifest.declared.units import DeclaredCheck, DeclaredUnit
from tasks.manifest.draft import Draft
from tasks.manifest.mistakes import Key, Mistake, not_among, shown
from tasks.manifest.models import option_error, unusable_engines
from tasks.manifest.notation import ACCOUNT, PATTERNS, REGION
from tasks.manifest.options import fields

ROOT = "units"
Scope = dict[str, Any]


def built(name: str, declared: DeclaredUnit, needs_in: Mapping[str, tuple[str, ...]]) -> Unit:
    """Build the unit as declared, with its placeholders; `needs_in` are needs in some environments only."""
    checks = tuple(_check(check) for check in declared.checks)
    return replace(_without_checks(name, declared), checks=checks, needs_in=needs_in)


def cycles(platform: Platform) -> Iterator[Mistake]:
    """Report cycles of needs in each environment, including needs that exist only there."""
    for environment in platform.environments:
        for circle in graph.cycles({unit.name: unit.needs for unit in platform.units_in(environment.name)}):
            message = f"the units need each other in a circle in {environment.name}: {' -> '.join(circle)}"
            yield Mistake((ROOT, circle[0], "needs"), message)


def _without_checks(name: str, declared: DeclaredUnit) -> Unit:
    return Unit(
        name=name,
        engine=declared.engine,
        source=declared.source,
        environments=declared.environments,
        needs=declared.needs,
        inputs=declared.inputs,
        protected=declared.protected,
        time_limit=declared.time_limit,
        account=declared.account,
        region=declared.region,
        roles=Roles(declared.roles.plan or "", declared.roles.apply or "") if declared.roles else None,
        options=declared.options,
        analysis=analysis.built(declared.analysis),
        secrets=credentials.built(declared.secrets),
        validators={name: Validation(each.level, each.ignore) for name, each in declared.validators.items()},
    )


def mistakes(draft: Draft) -> Iterator[Mistake]:
    """Report the mistakes in each unit, and those between units."""
    for name, declared in draft.units.items():
        for rule in _RULES:
            yield from (m.below((ROOT, name)) for m in rule(draft, name, declared))
    for circle in graph.cycles({name: unit.needs for name, unit in draft.units.items()}):
        path = " -> ".join(circle)
        yield Mistake((ROOT, circle[0], "needs"), f"the units need each other in a circle: {path}")
    yield from _shared_sources(draft)


def _engine(_: Draft, __: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    unusable = unusable_engines()
    if declared.engine in unusable:
        yield Mistake(("engine",), unusable[declared.engine])
    elif declared.engine not in ENGINES:
        yield Mistake(("engine",), not_among(declared.engine, "an engine", ENGINES))


def _options(_: Draft, __: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    for engine in ENGINES:
        if engine != declared.engine and declared.has_options_of(engine):
            wrong = f"has options of {engine}, but the unit's engine is {declared.engine}"
            yield Mistake((engine,), f"{wrong}: remove them, or write `engine: {engine}`")
    left_out = declared.engine in ENGINES and not declared.has_options_of(declared.engine)
    if left_out and (error := option_error(declared.engine)):
        schema = ENGINES.options(declared.engine).model_json_schema()
        yield from (m.below((declared.engine,)) for m in explain.mistakes(error, {}, schema))


def _validators(_: Draft, __: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    if not declared.validators or declared.engine not in ENGINES:
        return
    known = ENGINES[declared.engine].validators
    for name in declared.validators:
        if name not in known:
            yield Mistake(("validators", name), not_among(name, f"a validator of {declared.engine}", known))


def _environments(draft: Draft, _: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    if draft.environment_names:
        yield from _names("environments", declared.environments, "an environment", draft.environment_names)


def _needs(draft: Draft, name: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    others = tuple(unit for unit in draft.unit_names if unit != name)
    yield from () if draft.is_open else _names("needs", declared.needs, "a unit", draft.unit_names, others)
    for place, need in enumerate(declared.needs):
        deployed = draft.units[need].environments if need in draft.units else declared.environments
        absent = [e for e in declared.environments if e not in deployed and e in draft.environment_names]
        if absent:
            wrong = f"{need} is not deployed to {', '.join(absent)}, where {name} needs it"
            yield Mistake(("needs", place), f"{wrong}; it is deployed to {', '.join(deployed)}")


def _names(
    key: str, names: tuple[str, ...], what: str, known: tuple[str, ...], shown: tuple[str, ...] = ()
) -> Iterator[Mistake]:
    for place, name in enumerate(names):
        if name not in known:
            yield Mistake((key, place), not_among(name, what, shown or known))
        if name in names[:place]:
            yield Mistake((key, place), f"{name!r} is in the list twice: name it once")


def _place(draft: Draft, name: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    if not (declared.account or declared.region or declared.roles):
        return

    def misplaced(environment: str) -> Iterator[Mistake]:
        around = environments.filled(draft, environment)
        names = environments.scope(draft.platform, around)
        for key, pattern in (("account", ACCOUNT), ("region", REGION)):
            text = getattr(declared, key)
            unknown = [m.below((key,)) for m in placeholders.mistakes(text, names)]
            yield from unknown
            if text and not unknown and not re.match(pattern, str(placeholders.fill(text, names))):
                yield Mistake(
                    (key,), f"{text} is {shown(placeholders.fill(text, names))}: must be {PATTERNS[pattern]}"
                )
        yield from _own_place(draft, name, declared, around)

    yield from _in_its_environments(draft, declared, misplaced)


def _own_place(draft: Draft, name: str, declared: DeclaredUnit, around: Environment) -> Iterator[Mistake]:
    here = environments.unit_environment(draft.platform, around, _without_checks(name, declared))
    if here.region and not here.account:
        yield Mistake(("region",), f"{name} has a region and no account: add `account` here, or to the environment")
    elif here.account and not here.region:
        yield Mistake(("account",), f"{name} has an account and no region: add `region` here, or to the environment")
    elif declared.roles:
        about = {key: value for key, value in environments.scope(draft.platform, here).items() if "." not in key}
        yield from environments.role_mistakes(dict(declared.roles), about, name)


def _secrets(draft: Draft, _: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    def unread(environment: str) -> Iterator[Mistake]:
        around = environments.filled(draft, environment)
        names = environments.scope(draft.platform, around)
        account = str(declared.account or around.account)
        yield from (m.below(("secrets",)) for m in credentials.mistakes(declared.secrets, names, account))

    yield from _in_its_environments(draft, declared, unread)


def _texts(draft: Draft, name: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    # Outputs are known only after an apply; that their unit is needed, and so applied first, can be checked now.
    named = references.references(declared.inputs)
    used = [found for found in named if found[0] in draft.unit_names or draft.is_open]
    for unit in sorted({unit for unit, _ in used} - {*declared.needs, name}):
        yield Mistake(("inputs",), f"uses outputs of {unit}, which {name} does not need: add {unit} to its `needs`")
    outputs = {f"{unit}.{output}": "" for unit, output in used if unit != name}

    def unfilled(environment: str) -> Iterator[Mistake]:
        scope = _scope(draft, environment, declared)
        yield from (m.below(("source",)) for m in placeholders.mistakes(declared.source, scope))
        yield from (m.below(("inputs",)) for m in placeholders.mistakes(declared.inputs, {**scope, **outputs}))
        yield from (m.below((declared.engine,)) for m in placeholders.mistakes(declared.options, scope))

    yield from _in_its_environments(draft, declared, unfilled)


def _sources(draft: Draft, _: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    def missing(environment: str) -> Iterator[Mistake]:
        scope = _scope(draft, environment, declared)
        if not list(placeholders.mistakes(declared.source, scope)):
            fault = sources.fault(draft.folder, str(placeholders.fill(declared.source, scope)), draft.paths)
            yield from [Mistake(("source",), fault)] if fault else []

    yield from _in_its_environments(draft, declared, missing)


def _checks(draft: Draft, _: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    yield from checks.names(declared.checks)
    for place, check in enumerate(declared.checks):
        key: Key = ("checks", place)
        yield from (m.below(key) for m in checks.mistakes(check))

        def wrong_options(environment: str, check: DeclaredCheck = check) -> Iterator[Mistake]:
            scope = _scope(draft, environment, declared)
            yield from checks.option_mistakes(check, scope, draft.folder)
            if check.kind == "prometheus" and environments.filled(draft, environment).prometheus is None:
                yield Mistake(("kind",), "needs a Prometheus to ask: add `monitoring` to the platform")

        yield from (m.below(key) for m in _in_its_environments(draft, declared, wrong_options))


def _analysis(draft: Draft, _: str, declared: DeclaredUnit) -> Iterator[Mistake]:
    wanted = declared.analysis
    if wanted is None:
        return

    def wrong(environment: str) -> Iterator[Mistake]:
        around = environments.filled(draft, environment)
        yield from analysis.mistakes(wanted, _scope(draft, environment, declared), around)

    found = (*_in_its_environments(draft, declared, wrong), *analysis.places(wanted, declared.environments))
    yield from (m.below(("analysis",)) for m in found)


def _in_its_environments(
    draft: Draft, declared: DeclaredUnit, rule: Callable[[str], Iterator[Mistake]]
) -> Iterator[Mistake]:
    known = [name for name in dict.fromkeys(declared.environments) if name in draft.environments]
    found: dict[Mistake, list[str]] = {}
    for name in known:
        for mistake in rule(name):
            found.setdefault(mistake, []).append(name)
    for mistake, where in found.items():
        suffix = "" if where == known else f" (in {', '.join(where)})"
        yield Mistake(mistake.key, f"{mistake.message}{suffix}")


def _scope(draft: Draft, environment: str, declared: DeclaredUnit) -> Scope:
    here = environments.unit_environment(
        draft.platform, environments.filled(draft, environment), _without_checks("", declared)
    )
    return environments.scope(draft.platform, here)


def _shared_sources(draft: Draft) -> Iterator[Mistake]:
    taken: dict[tuple[str, str], str] = {}
    for name, declared in draft.units.items():
        for environment in declared.environments:
            if environment in draft.environments:
                scope = _scope(draft, environment, declared)
                source = sources.normal(str(placeholders.fill(declared.source, scope)))
                first = taken.setdefault((environment, source), name)
                if first != name and not _may_share(declared, draft.units[first]):
                    message = f"is the source of {first} too: each unit has a folder of its own"
                    yield Mistake((ROOT, name, "source"), message)


def _may_share(*declared: DeclaredUnit) -> bool:
    """Tell whether units of an environment may share a source, because each of them works in a copy."""
    return all(each.engine in ENGINES and ENGINES[each.engine].shares_source for each in declared)


def _check(declared: DeclaredCheck) -> Check:
    options = fields(declared.kind, declared.options)
    return Check(declared.name, declared.kind, options, within=declared.within, every=declared.every)


_RULES = (
    _engine,
    _options,
    _validators,
    _environments,
    _needs,
    _place,
    _texts,
    _sources,
    _checks,
    _analysis,
    _secrets,
)
"""The rules that are applied to every unit."""
