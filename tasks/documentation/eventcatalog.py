"""Renders pages for EventCatalog 3. Pure.

The platform is a domain, and each unit is a service. There are also flows, teams and users.
https://www.eventcatalog.dev/docs: `domains/NAME/index.mdx` with services and flows in its folder, each with front
matter. The environments are a flow, and so is the order of the units in each. Ids begin with the platform's name, so
that the pages can be part of a larger catalogue. The front matter is what the collections of @eventcatalog/core
accept. All strings are quoted: its YAML reads a release id such as 123e45678901 as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from tasks.documentation import sections
from tasks.documentation.facts import EnvironmentFacts, Facts, UnitFacts
from tasks.documentation.folder import Page
from tasks.documentation.sections import Linked
from tasks.documentation.wordings import safe
from tasks.domain import wording

_UNRELEASED = "0.0.0"
"""The version of a unit or platform without a release. EventCatalog's linter requires semantic versions."""

_GRAPH = "<NodeGraph />"


def pages(facts: Facts) -> dict[str, Page]:
    """Return {path in the catalogue: page}."""
    domain = f"domains/{facts.platform}"
    found = {f"{domain}/index.mdx": _domain(facts), f"{domain}/flows/{_promotion(facts)}/index.mdx": _passage(facts)}
    for unit in facts.units:
        found[f"{domain}/services/{_service(facts, unit.name)}/index.mdx"] = _unit(unit, facts)
    for each in facts.environments:
        found[f"{domain}/flows/{_order(facts, each.name)}/index.mdx"] = _environment(each, facts)
    owners = {owner for unit in facts.units for owner in unit.owners}
    people = {_owner_path(owner): Page(_owner(owner), yields=True) for owner in sorted(owners)}
    return {path: Page(text) for path, text in found.items()} | people


def _domain(facts: Facts) -> str:
    linked = _linked(facts)
    front = {
        "id": facts.platform,
        "name": facts.platform,
        "version": _version([each.column.release for each in facts.environments]),
        "summary": f"The infrastructure of {facts.platform}: {len(facts.units)} units, promoted through "
        f"{len(facts.environments)} environments.",
        "owners": _owners(facts.units),
        "services": [{"id": _service(facts, unit.name)} for unit in facts.units],
        "flows": [{"id": _promotion(facts)}, *({"id": _order(facts, each.name)} for each in facts.environments)],
    }
    return _page(
        front,
        sections.environments(facts, linked),
        sections.units(facts, linked),
        sections.policies(facts),
        _GRAPH,
    )


def _unit(unit: UnitFacts, facts: Facts) -> str:
    linked = _linked(facts)
    engine = unit.declared.engine if unit.declared else "no longer declared"
    front: dict[str, Any] = {
        "id": _service(facts, unit.name),
        "name": unit.name,
        "version": _version([place.cell.release for place in unit.places]),
        "summary": f"A unit of {facts.platform}, delivered with {engine}.",
        "badges": [{"content": engine, "backgroundColor": "blue", "textColor": "blue"}],
        "owners": _owners([unit]),
        "flows": [{"id": _order(facts, place.environment)} for place in unit.places],
    }
    return _page(
        front,
        sections.about_unit(unit, linked),
        sections.tests_of(unit, facts),
        sections.rollback_of_unit(unit, facts),
        sections.history_of(unit),
        _GRAPH,
    )


def _passage(facts: Facts) -> str:
    """Render the flow of a release through the environments."""
    names = [each.name for each in facts.environments]
    after = {each.name: [n for n in each.declared.after if n in names] for each in facts.environments}
    first = [name for name in names if not after[name]]
    steps = [
        _step("release", {"actor": {"name": "Author", "summary": "merges a commit"}}, "Release", _next(first)),
        *(_environment_step(each, facts) for each in facts.environments),
    ]
    front = {
        "id": _promotion(facts),
        "name": "Promotion",
        "version": _version([each.column.release for each in facts.environments]),
        "summary": f"How a release of {facts.platform} goes through the environments.",
        "owners": _owners(facts.units),
        "steps": steps,
    }
    return _page(front, sections.environments(facts, _linked(facts)))


def _environment_step(found: EnvironmentFacts, facts: Facts) -> dict[str, Any]:
    behind = [each for each in facts.environments if found.name in each.declared.after]
    onward = [
        {
            "id": each.name,
            "label": f"verified for {wording.length(each.declared.soak)}" if each.declared.soak else "verified",
        }
        for each in behind
    ]
    about = {"account": found.declared.account, "region": found.declared.region}
    properties = {"release": found.column.release or "none", "state": found.column.words}
    properties |= {name: value for name, value in about.items() if value}
    return _step(
        found.name, {"custom": {"title": found.name, "type": "Environment", "properties": properties}}, "", onward
    )


def _environment(found: EnvironmentFacts, facts: Facts) -> str:
    """Render the flow of the units in one environment."""
    linked = _linked(facts)
    here = [unit for unit in facts.units if found.name in {place.environment for place in unit.places}]
    names = {unit.name for unit in here}
    steps = [
        _step(
            unit.name,
            {"service": {"id": _service(facts, unit.name)}},
            unit.name,
            _next(name for name in unit.needed_by if name in names),
        )
        for unit in here
    ]
    front = {
        "id": _order(facts, found.name),
        "name": f"Units of {found.name}",
        "version": _version([found.column.release]),
        "summary": f"The order in which the units of {found.name} are applied. A rollback goes the other way.",
        "owners": _owners(here),
        "steps": steps,
    }
    return _page(
        front,
        sections.about_environment(found, linked),
        sections.units_of(found, facts, linked),
        sections.rollback_of(found),
        sections.history_of(found),
    )


def _step(name: str, kind: Mapping[str, Any], title: str, onward: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {"id": name, "title": title or name, **kind, **({"next_steps": [*onward]} if onward else {})}


def _next(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def _owners(units: Iterable[UnitFacts]) -> list[str]:
    return list(dict.fromkeys(_owner_id(owner) for unit in units for owner in unit.owners))


def _owner(owner: str) -> str:
    front = {"id": _owner_id(owner), "name": owner, "summary": "Named in CODEOWNERS."}
    return _page(front | ({"email": owner} if _is_mail(owner) else {}), "Named in CODEOWNERS.")


def _owner_path(owner: str) -> str:
    return f"{'teams' if '/' in owner else 'users'}/{_owner_id(owner)}.mdx"


def _owner_id(owner: str) -> str:
    """Convert "@acme/platform" to "acme-platform", because an id is part of an address."""
    return "".join(each if each.isalnum() or each in "-_." else "-" for each in owner.removeprefix("@"))


def _is_mail(owner: str) -> bool:
    return "@" in owner[1:]


def _linked(facts: Facts) -> Linked:
    units = {unit.name for unit in facts.units}
    there = {each.name for each in facts.environments}
    return Linked(
        lambda name: f"[[service|{_service(facts, name)}]]" if name in units else safe(name),
        lambda name: f"[[flow|{_order(facts, name)}]]" if name in there else safe(name),
    )


def _service(facts: Facts, unit: str) -> str:
    return f"{facts.platform}-{unit}"


def _promotion(facts: Facts) -> str:
    return f"{facts.platform}--promotion"


def _order(facts: Facts, environment: str) -> str:
    return f"{facts.platform}--{environment}"


def _version(releases: Sequence[str]) -> str:
    """Return a version with the release of the last environment that has one.

    The prefix `r` is needed because a numeric part must not begin with 0.
    """
    return next((f"{_UNRELEASED}-r{release}" for release in reversed(releases) if release), _UNRELEASED)


class _Quoting(yaml.SafeDumper):
    """Writes every string in quotes."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _page(front: Mapping[str, Any], *parts: str) -> str:
    written = yaml.dump(dict(front), Dumper=_Quoting, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{written}---\n\n" + "\n\n".join(filter(None, parts)) + "\n"
