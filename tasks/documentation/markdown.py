"""Renders pages in plain Markdown for GitHub and GitLab: README.md, a page per environment, a page per unit. Pure."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from tasks.documentation import sections
from tasks.documentation.facts import EnvironmentFacts, Facts, UnitFacts
from tasks.documentation.folder import Page
from tasks.documentation.sections import Linked
from tasks.documentation.wordings import safe

_MADE = "*Written by `flowmart docs` from platform.yaml, the units' sources and the ledger. Changes here are lost.*"


def pages(facts: Facts) -> dict[str, Page]:
    """Return {path in the folder: page}."""
    found = {"README.md": _platform(facts)}
    found |= {_path("environments", each.name): _environment(each, facts) for each in facts.environments}
    found |= {_path("units", each.name): _unit(each, facts) for each in facts.units}
    return {path: Page(text) for path, text in found.items()}


def _platform(facts: Facts) -> str:
    linked = _linked(facts, "")
    return _page(
        f"# {safe(facts.platform)}",
        sections.environments(facts, linked),
        sections.units(facts, linked),
        sections.policies(facts),
    )


def _environment(found: EnvironmentFacts, facts: Facts) -> str:
    linked = _linked(facts, "../")
    return _page(
        f"# Environment {safe(found.name)}",
        _home(facts),
        sections.about_environment(found, linked),
        sections.units_of(found, facts, linked),
        sections.rollback_of(found),
        sections.history_of(found),
    )


def _unit(unit: UnitFacts, facts: Facts) -> str:
    linked = _linked(facts, "../")
    return _page(
        f"# Unit {safe(unit.name)}",
        _home(facts),
        sections.about_unit(unit, linked),
        sections.tests_of(unit, facts),
        sections.rollback_of_unit(unit, facts),
        sections.history_of(unit),
    )


def _home(facts: Facts) -> str:
    return f"Part of [{safe(facts.platform)}](../README.md)."


def _page(*parts: str) -> str:
    return "\n\n".join([*filter(None, parts), _MADE]) + "\n"


def _linked(facts: Facts, up: str) -> Linked:
    """Return the links of a page, where `up` leads to the folder. A name without a page is not linked."""
    unit = _to("units", up, {each.name for each in facts.units})
    return Linked(unit, _to("environments", up, {each.name for each in facts.environments}))


def _to(folder: str, up: str, there: set[str]) -> Callable[[str], str]:
    def link(name: str) -> str:
        return f"[{safe(name)}]({up}{quote(_path(folder, name))})" if name in there else safe(name)

    return link


def _path(folder: str, name: str) -> str:
    return f"{folder}/{quote(name, safe='')}.md"
