"""Renders the sections about a platform, an environment and a unit in Markdown. Pure.

Both formats consist of these sections; they differ in layout, front matter and links between pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from tasks.documentation import rollbacks
from tasks.documentation.diagrams import flowchart
from tasks.documentation.facts import EnvironmentFacts, Facts, UnitFacts
from tasks.documentation.wordings import (
    check,
    code,
    codes,
    gate,
    health,
    history,
    open_when,
    safe,
    what_is_there,
)
from tasks.domain import wording
from tasks.domain.platform import Environment
from tasks.reports.artifacts import moment, table

RECENT = 20
"""Number of ledger entries on a page."""


@dataclass(frozen=True)
class Linked:
    """Turns a name into a link to its page, relative to the current page."""

    unit: Callable[[str], str]
    environment: Callable[[str], str]


def environments(facts: Facts, linked: Linked) -> str:
    """Render the graph of the environments, and a row for each."""
    rows = [
        (
            linked.environment(each.name),
            ", ".join(map(linked.environment, each.declared.after)) or "-",
            what_is_there(each.column),
            safe(each.column.subject) or "-",
            moment(each.column.since),
            safe(each.column.words),
        )
        for each in facts.environments
    ]
    head = ("environment", "after", "release", "subject", "since (UTC)", "state")
    return _joined("## Environments", _graph(facts), table(head, rows))


def _graph(facts: Facts) -> str:
    labels = {each.name: f"{each.name}\n{each.column.release or 'nothing yet'}" for each in facts.environments}
    arrows = [(before, each.name) for each in facts.environments for before in each.declared.after]
    return flowchart(labels, arrows)


def units(facts: Facts, linked: Linked) -> str:
    """Render the graph of the units, and the release of each in every environment."""
    names = [each.name for each in facts.environments]
    rows = [(linked.unit(unit.name), _engine(unit), *_releases(unit, names)) for unit in facts.units]
    return _joined("## Units", needs(facts.units), table(("unit", "engine", *names), rows))


def needs(shown: Sequence[UnitFacts]) -> str:
    """Render the graph of units: an arrow leads to a unit that needs the other."""
    labels = {unit.name: f"{unit.name}\n{unit.declared.engine if unit.declared else ''}" for unit in shown}
    return flowchart(labels, [(need, unit.name) for unit in shown for need in unit.needs])


def _releases(unit: UnitFacts, environments: Sequence[str]) -> tuple[str, ...]:
    there = {place.environment: place.cell for place in unit.places}
    cells = (there.get(name) for name in environments)
    return tuple("" if cell is None else f"{code(cell.release)} {health(cell)}" for cell in cells)


def policies(facts: Facts) -> str:
    """Render the policies that every plan is tested against."""
    rows = [(code(each.name), safe(each.about)) for each in facts.policies]
    return _joined("## Policies", table(("policy", "why"), rows))


def about_environment(found: EnvironmentFacts, linked: Linked) -> str:
    """Render an environment's location, its release, and who may change it and when."""
    declared, column, origin = found.declared, found.column, found.origin
    drift = f"looked for every {wording.length(declared.drift_every)}{', and repaired' if declared.reconcile else ''}"
    rows = [
        ("state", safe(column.words)),
        ("release", what_is_there(column)),
        (
            "from",
            f"{code(origin.commit[:12])} {safe(origin.subject)} by {safe(origin.author)}" if origin.commit else "-",
        ),
        ("since (UTC)", moment(column.since)),
        ("next", safe(column.coming) or "-"),
        ("after", ", ".join(map(linked.environment, declared.after)) or "comes first"),
        ("soak time", wording.length(declared.soak) if declared.soak else "none"),
        ("account and region", " ".join(filter(None, (code(declared.account), safe(declared.region))))),
        ("people approve", gate(declared.approval)),
        ("open", "; ".join(filter(None, (safe(found.frozen), open_when(declared))))),
        ("drift", drift),
        ("rollbacks are rehearsed", _rehearsed(declared)),
    ]
    damage = f"**{safe(found.damage)}**" if found.damage else ""
    return _joined(damage, table(("", ""), rows))


def _rehearsed(declared: Environment) -> str:
    where = declared.rehearsal
    if where is None:
        return "nowhere"
    often = f", every {wording.length(where.every)}" if where.every else ""
    needed = declared.rehearsed_within
    gate = f"; a release needs one not older than {wording.length(needed)}" if needed else ""
    return f"in {safe(where.environment)}{often}{gate}"


def units_of(found: EnvironmentFacts, facts: Facts, linked: Linked) -> str:
    """Render the units of an environment: a graph, and the health of each."""
    here = [(unit, place.cell) for unit in facts.units for place in unit.places if place.environment == found.name]
    rows = [
        (linked.unit(unit.name), _engine(unit), code(cell.release), moment(cell.since), health(cell))
        for unit, cell in here
    ]
    graph = needs([unit for unit, _ in here]) if here else ""
    return _joined("## Units", graph, table(("unit", "engine", "release", "since (UTC)", "health"), rows))


def rollback_of(found: EnvironmentFacts) -> str:
    """Render how to roll an environment back."""
    if not found.rollback:
        return _joined("## Roll back", "There is no earlier release here that was verified and not rejected.")
    text = (
        f"Returns to release {code(found.rollback)}, planned, tested and checked like any other. "
        "`flowmart show RELEASE` lists the releases that `--to` may name."
    )
    rehearsed = f"Evidence: {safe(found.rehearsal)}." if found.rehearsal else ""
    return _joined("## Roll back", f"```sh\nflowmart rollback {found.name}\n```", text, rehearsed)


def history_of(found: EnvironmentFacts | UnitFacts) -> str:
    """Render the newest ledger entries of an environment or a unit."""
    return _joined("## Recent history", history(islice(found.entries, RECENT)))


def about_unit(unit: UnitFacts, linked: Linked) -> str:
    """Render a unit's engine, owners, needs and outputs."""
    declared = unit.declared
    if declared is None:
        gone = "This unit is applied, but platform.yaml no longer declares it. Nothing removes it by itself."
        return _joined(gone, where_is(unit, linked))
    outputs = codes(unit.outputs.names)
    untold = f" ({safe(unit.outputs.untold)})" if unit.outputs.untold else ""
    rows = [
        ("engine", safe(declared.engine)),
        ("source", code(declared.source) if declared.source else "found by Terragrunt when a release is made"),
        ("owners", ", ".join(map(safe, unit.owners)) or "nobody is named in CODEOWNERS"),
        ("needs", ", ".join(map(linked.unit, unit.needs)) or "-"),
        ("needed by", ", ".join(map(linked.unit, unit.needed_by)) or "-"),
        ("inputs", codes(map(str, declared.inputs))),
        ("outputs", outputs + untold),
        (
            "holds data",
            "yes: nothing in it is deleted or replaced without an override" if declared.protected else "no",
        ),
        ("time limit", wording.length(declared.time_limit)),
    ]
    return _joined(table(("", ""), rows), where_is(unit, linked))


def where_is(unit: UnitFacts, linked: Linked) -> str:
    """Render where a unit is deployed, in which release and since when."""
    rows = [
        (
            linked.environment(place.environment),
            code(place.cell.release),
            moment(place.cell.since),
            health(place.cell),
            code(place.source),
        )
        for place in unit.places
    ]
    return _joined("## Where it is", table(("environment", "release", "since (UTC)", "health", "source"), rows))


def tests_of(unit: UnitFacts, facts: Facts) -> str:
    """Render a unit's requirements: policies, exceptions from them, smoke checks, analysis, known drift."""
    declared = unit.declared
    if declared is None:
        return ""
    names = [each.name for each in facts.policies]
    lifted = [
        (safe(o.environment), code(o.policy), code(o.address), safe(o.reason), safe(o.expires))
        for o in unit.overrides
    ]
    known = [(safe(s.environment), code(s.address), safe(s.reason), safe(s.expires)) for s in unit.suppressions]
    analysis = "What metrics show after an apply decides, too." if declared.analysis else ""
    return _joined(
        "## Policies and checks",
        f"Every plan is tested against {codes(names)}." if names else "There are no policies.",
        _titled("Exceptions from policies", ("environment", "policy", "object", "reason", "until"), lifted),
        _titled("Drift that is known", ("environment", "object", "reason", "until"), known),
        "Smoke checks after every apply:\n\n"
        + table(("check", "kind", "expects", "within"), [check(each) for each in declared.checks]),
        analysis,
    )


def rollback_of_unit(unit: UnitFacts, facts: Facts) -> str:
    """Render how to roll a unit back, with its environment."""
    back = {each.name: each.rollback for each in facts.environments}
    rows = [(code(f"flowmart rollback {p.environment}"), code(back.get(p.environment, ""))) for p in unit.places]
    how = rollbacks.how(unit.declared.engine) if unit.declared else "A rollback leaves this unit as it is."
    whole = "Units are rolled back with their environment, in reverse order, and verified."
    return _joined("## Roll back", f"{how} {whole}", table(("command", "returns to"), rows))


def _engine(unit: UnitFacts) -> str:
    return safe(unit.declared.engine) if unit.declared else "no longer declared"


def _titled(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"{title}:\n\n{table(head, rows)}" if rows else ""


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
