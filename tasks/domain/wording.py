"""Formats changes and events as text for the terminal, the artifacts and the drift report. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.domain import events
from tasks.domain.outcome import Outcome
from tasks.domain.plan import SINCE_IMPORT, Action, Change, Plan, Reversibility
from tasks.domain.rehearsal import GOOD, RehearsedUnit
from tasks.domain.release import Provenance

_DONE = {
    Action.CREATE: "was added",
    Action.UPDATE: "was changed",
    Action.REPLACE: "was replaced",
    Action.DELETE: "was deleted",
    Action.MOVE: "was moved",
    Action.IMPORT: "was imported",
    Action.FORGET: "was forgotten",
    Action.INVOKE: "was invoked",
    Action.OTHER: "was changed in an unknown way",
}
_VERBS = {"update": "change", "other": "look at"}


@dataclass(frozen=True)
class Difference:
    """A value that differs: its path ("tags.Team"), and its values before and after."""

    path: str
    before: Any
    after: Any


def number(how_many: int, noun: str) -> str:
    """Return a count with its noun: "1 check", "2 checks"."""
    return f"{how_many} {noun}{'' if how_many == 1 else 's'}"


def length(seconds: float) -> str:
    """Return a duration as text: "90 s", "30 min", "2 h", "1 d"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def counted(changes: Mapping[str, int]) -> str:
    """Return the number of changes by action: "2 to create, 1 to change"; empty if there are none."""
    return ", ".join(f"{number} to {_VERBS.get(action, action)}" for action, number in changes.items() if number)


def counts(plan: Plan) -> str:
    """Return a summary of a plan: "2 to create, 1 to change, 1 unknown", or "no changes"."""
    return summed(plan.counts, plan.changes_outputs, len(plan.unknown))


def unknown(plan: Plan) -> tuple[str, ...]:
    """Return a line for each part of the plan that is unknown before the apply."""
    return tuple(f"not known before it is applied: {each}" for each in plan.unknown)


def remarks(plan: Plan) -> tuple[str, ...]:
    """Return what a reader of a plan must know besides its changes: the unknown parts and the warnings."""
    return (*unknown(plan), *plan.warnings)


def summed(changes: Mapping[str, int], changes_outputs: bool, unknown: int) -> str:
    """Return a summary in the form of `counts`.

    Args:
        changes: the number of changes by action.
        changes_outputs: whether outputs change.
        unknown: the number of unknown parts.
    """
    known = counted(changes) or ("outputs only" if changes_outputs else "")
    return ", ".join(filter(None, (known, f"{unknown} unknown" if unknown else ""))) or "no changes"


def planned(plan: Plan) -> str:
    """Return the plan's counts, followed by its reversibility unless it is simply reversible."""
    care = plan.reversibility is not Reversibility.REVERSIBLE
    return f"{counts(plan)} ({plan.reversibility.value})" if care else counts(plan)


def drift(change: Change) -> tuple[str, ...]:
    """Describe the drift of one object in lines: first the object, then each difference."""
    known = change.before or change.after or {}
    identity = known.get("id") or known.get("name") or known.get("arn")
    done = change.note if change.note == SINCE_IMPORT else f"{_DONE[change.action]} by hand"
    head = f"{change.address}{f' ({identity})' if identity else ''} {done}"
    return (head, *differences(change)) if change.action is Action.UPDATE else (head,)


def differences(change: Change) -> tuple[str, ...]:
    """Return the differing values, a line or more each: "ingress: added {...}", "tags.Team: platform -> payments"."""
    return tuple(line for difference in differing(change) for line in _lines(difference))


def differing(change: Change) -> tuple[Difference, ...]:
    """Return the values that differ, at the deepest path that has a name.

    A list whose entries have no names counts as one value.
    """
    before, after = change.before or {}, change.after or {}
    names = [name for name in change.attributes if not (name == "tags_all" and "tags" in change.attributes)]
    return tuple(found for name in names for found in _differing(name, before.get(name), after.get(name)))


def _differing(path: str, before: Any, after: Any) -> Iterable[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = sorted({*before, *after}, key=str)
        moved = (key for key in keys if before.get(key) != after.get(key))
        return [found for key in moved for found in _differing(f"{path}.{key}", before.get(key), after.get(key))]
    if (
        isinstance(before, list)
        and isinstance(after, list)
        and (old := _by_name(before))
        and (new := _by_name(after))
    ):
        return _differing(path, old, new)
    return [Difference(path, before, after)]


def _lines(found: Difference) -> Iterable[str]:
    if isinstance(found.before, list) and isinstance(found.after, list):
        removed = [f"{found.path}: removed {short(item)}" for item in found.before if item not in found.after]
        return removed + [f"{found.path}: added {short(item)}" for item in found.after if item not in found.before]
    return [f"{found.path}: {short(found.before)} -> {short(found.after)}"]


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Return entries by their names (containers, ports), so that a change does not show as "removed, added".

    The result is empty if an entry has no name, or if two share one.
    """
    named = {str(item["name"]): item for item in items if isinstance(item, Mapping) and item.get("name")}
    return named if len(named) == len(items) else {}


def short(value: Any) -> str:
    """Return a value on one line; empty values of an object are left out."""
    if value is None:
        return "(not set)"
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{key} = {short(item)}" for key, item in value.items() if item not in (None, "", [], False))
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(short, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def happened(event: events.Event) -> tuple[str, str]:
    """Describe an event for people.

    Returns:
        The unit ("" for the whole environment), and what happened.
    """
    unit = event.unit if isinstance(event, events.UnitEvent) else ""
    return unit, _HAPPENED[type(event)](event)


def worked(units: Sequence[RehearsedUnit]) -> str:
    """Return a summary: "worked for 6 of 7 units; database: irreversible (database deletes table.orders)"."""
    others = [unit for unit in units if unit.result not in GOOD]
    every = number(len(units), "unit")
    of = f"{len(units) - len(others)} of {every}" if others else f"all {every}" if units[1:] else every
    return "; ".join([f"worked for {of}", *map(str, others)])


def first_line(text: str) -> str:
    """Return the first line of a text, or "" if it is empty."""
    return text.splitlines()[0] if text else ""


def _closed(event: events.ClaimClosed) -> str:
    return f"ended: {event.outcome}{': ' + first_line(event.detail) if event.detail else ''}"


def _smoked(event: events.UnitSmoked) -> str:
    if not event.results:
        return "no smoke checks are declared"
    answers = ", ".join(f"{result.name} {result.outcome}" for result in event.results)
    return f"smoke checks {event.outcome}: {answers}"


def _decided(event: events.PlanSetDecision) -> str:
    proof = {"github": "as GitHub says", "host": "as the machine says"}.get(event.identity, "unproven")
    return f" by {event.by} ({event.how}, {proof}){': ' + event.reason if event.reason else ''}"


def _claimed(event: events.EnvironmentClaimed) -> str:
    rehearsal = f", rehearsing a rollback of {event.rehearses}" if event.rehearses else ""
    return f"began to {event.purpose} {event.release}{_origin(event.provenance)}{rehearsal}"


def _rehearsed(event: events.RollbackRehearsed) -> str:
    back = f"rollback from {event.release} to {event.earlier} rehearsed in {event.rehearsed_in}"
    failed = event.outcome is not Outcome.SUCCEEDED
    return f"{back}: {f'FAILED: {first_line(event.why)}' if failed else worked(event.units)}"


def _drift(event: events.DriftReported) -> str:
    new = sum(item.new and not item.suppressed for item in event.drifted)
    parts = [f"drift: {number(len(event.drifted), 'object')}{f', {new} new' if new else ''}"] if event.drifted else []
    parts += [f"{number(len(event.unanswered), 'unit')} did not respond"] if event.unanswered else []
    return "; ".join(parts) or "no drift"


def _rolled_back(event: events.UnitRolledBack) -> str:
    if event.kept:
        return f"kept: {event.kept}"
    return f"rolled back to {event.receipt.target.release}" if event.receipt else "removed, it did not exist before"


def _origin(provenance: Provenance) -> str:
    return f" ({provenance.commit[:8]} {provenance.subject})" if provenance.commit else ""


_HAPPENED: Mapping[type[events.Event], Callable[[Any], str]] = {
    events.EnvironmentClaimed: _claimed,
    events.UnitsOmitted: lambda e: f"units omitted: {', '.join([*e.units, e.why])}",
    events.FixDeclared: lambda e: f"{e.release} repairs {e.fixes}",
    events.ClaimTakenOver: lambda _: "took over from a run that is gone",
    events.ClaimClosed: _closed,
    events.UnitPlanned: lambda e: f"planned: {summed(e.counts, e.changes_outputs, e.unknown)}",
    events.PlanDenied: lambda e: f"DENIED: {e.findings[0].message}" if e.findings else "DENIED",
    events.UnitApplying: lambda e: f"apply of {e.release} begun",
    events.UnitApplied: lambda e: f"applied {e.release}",
    events.UnitApplyFailed: lambda e: f"APPLY FAILED: {first_line(e.detail)}",
    events.UnitUnanswered: lambda e: f"NO ANSWER: {first_line(e.detail)}",
    events.UnitObserved: lambda e: f"observed: {e.progress}{': ' + first_line(e.detail) if e.detail else ''}",
    events.UnitSmoked: _smoked,
    events.AnalysisEnded: lambda e: e.why.splitlines()[0].partition(": ")[2],
    events.AnalysesOmitted: lambda e: f"analyses omitted: {e.why}",
    events.EnvironmentPaused: lambda e: f"PAUSED until a person decides, or {e.until}: {first_line(e.why)}",
    events.EnvironmentContinued: lambda e: f"continued: {e.reason}",
    events.IncidentAccepted: lambda e: f"went ahead into an incident ({first_line(e.why)}): {e.reason}",
    events.UnitSettled: lambda e: f"{len(e.residual)} differences remain after the apply",
    events.UnitAdopted: lambda e: f"adopted {e.baseline.description}",
    events.UnitRolledBack: _rolled_back,
    events.UnitRollbackFailed: lambda e: f"ROLLBACK FAILED: {first_line(e.why)}",
    events.ReleaseVerified: lambda e: f"VERIFIED {e.release}",
    events.EnvironmentInterrupted: lambda e: f"INTERRUPTED at {', '.join(e.units)}: {first_line(e.why)}",
    events.EnvironmentRollingBack: lambda e: f"rolling back {e.release}: {first_line(e.why)}",
    events.EnvironmentRestored: lambda e: f"the rollback of {e.release} ended",
    events.ReleaseRejected: lambda e: f"REJECTED {e.release}",
    events.EnvironmentResolved: lambda e: f"resolved by hand: {e.reason}",
    events.ApprovalRequested: lambda e: f"approval requested for plan set {e.plan_set[:12]}",
    events.PlanSetApproved: lambda e: f"plan set {e.plan_set[:12]} approved{_decided(e)}",
    events.PlanSetRefused: lambda e: f"plan set {e.plan_set[:12]} REFUSED{_decided(e)}",
    events.EnvironmentFrozen: lambda e: f"FROZEN{' until ' + e.until if e.until else ''}: {e.reason}",
    events.EnvironmentThawed: lambda e: f"thawed: {e.reason}",
    events.DriftAccepted: lambda e: f"drift accepted of {', '.join(e.objects)}: {e.reason}",
    events.ClosureOverridden: lambda e: f"went ahead although {e.why}: {e.reason}",
    events.DriftReported: _drift,
    events.RollbackRehearsed: _rehearsed,
}
