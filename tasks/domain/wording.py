"""Changes in words that a person understands, for the terminal, the artifacts and the drift report. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.plan import Action, Change, Plan, Reversibility

_DONE = {
    Action.CREATE: "was added",
    Action.UPDATE: "was changed",
    Action.REPLACE: "was replaced",
    Action.DELETE: "was deleted",
}


@dataclass(frozen=True)
class Difference:
    """One value that differs: where ("tags.Team"), what it was before and what it is after."""

    path: str
    before: Any
    after: Any


def counted(changes: Mapping[str, int]) -> str:
    """Numbers of changes by action: "2 to create, 1 to change"; empty when there are none."""
    verbs = {"create": "create", "update": "change", "replace": "replace", "delete": "delete"}
    return ", ".join(f"{number} to {verbs[action]}" for action, number in changes.items() if number)


def counts(plan: Plan) -> str:
    """ "2 to create, 1 to change", or "no changes"."""
    return counted(plan.counts) or ("outputs only" if plan.changes_outputs else "no changes")


def planned(plan: Plan) -> str:
    """The counts, and how reversible it is where it is not simply reversible."""
    care = plan.reversibility is not Reversibility.REVERSIBLE
    return f"{counts(plan)} ({plan.reversibility.value})" if care else counts(plan)


def drift(change: Change) -> tuple[str, ...]:
    """What somebody did to one object, a line each: the first names the object, the others what differs."""
    known = change.before or change.after or {}
    identity = known.get("id") or known.get("name") or known.get("arn")
    head = f"{change.address}{f' ({identity})' if identity else ''} {_DONE[change.action]} by hand"
    return (head, *differences(change)) if change.action is Action.UPDATE else (head,)


def differences(change: Change) -> tuple[str, ...]:
    """ "ingress: added {...}", "tags.Team: platform -> payments": one line for each value that differs."""
    return tuple(line for difference in differing(change) for line in _lines(difference))


def differing(change: Change) -> tuple[Difference, ...]:
    """The values that differ, as deep as they have names: a list whose entries have none is one value."""
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
    """Entries that have a name each (containers, ports), by it, so that a changed one is not "removed, added"."""
    named = {str(item["name"]): item for item in items if isinstance(item, Mapping) and item.get("name")}
    return named if len(named) == len(items) else {}


def short(value: Any) -> str:
    """One value on one line; of an object only what is set."""
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


def happened(kind: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """A ledger entry for people: the unit that it is about ("" for the whole environment), and what happened."""
    tell = _HAPPENED.get(kind)
    return str(body.get("unit", "")), tell(body) if tell else kind.replace("_", " ")


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


_HAPPENED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "claimed": lambda b: f"began to {b['purpose']} {b['release']}",
    "taken_over": lambda _: "took over from a run that is gone",
    "closed": lambda b: f"ended: {b['outcome']}",
    "planned": lambda b: "planned: " + (", ".join(f"{n} {a}" for a, n in b["counts"].items() if n) or "no changes"),
    "denied": lambda b: f"DENIED: {b['findings'][0]['message']}",
    "applying": lambda b: f"apply of {b['release']} begun",
    "applied": lambda b: f"applied {b['release']}",
    "apply_failed": lambda b: f"APPLY FAILED: {_first_line(b['detail'])}",
    "smoked": lambda b: (
        f"smoke checks {b['outcome']}: " + ", ".join(f"{r['name']} {r['outcome']}" for r in b["results"])
    ),
    "verified": lambda b: f"VERIFIED {b['release']}",
    "rolling_back": lambda b: f"rolling back {b['release']}: {_first_line(b['why'])}",
    "put_back": lambda b: f"everything that {b['release']} changed is back",
    "rejected": lambda b: f"REJECTED {b['release']}",
    "rolled_back": lambda b: f"kept: {b['kept']}" if b.get("kept") else _rolled_back(b),
    "rollback_failed": lambda b: f"ROLLBACK FAILED: {_first_line(b['why'])}",
    "resolved": lambda b: f"resolved by hand: {b['reason']}",
    "approval_wanted": lambda b: f"approval wanted for plan set {b['plan_set'][:12]}",
    "approved": lambda b: f"plan set {b['plan_set'][:12]} approved{_decided(b)}",
    "refused": lambda b: f"plan set {b['plan_set'][:12]} REFUSED{_decided(b)}",
    "frozen": lambda b: f"FROZEN{' until ' + b['until'] if b.get('until') else ''}: {b['reason']}",
    "thawed": lambda b: f"open again: {b['reason']}",
    "drift_accepted": lambda b: f"goes over drift of {', '.join(b['objects'])}: {b['reason']}",
    "closure_overridden": lambda b: f"goes ahead although {b['why']}: {b['reason']}",
    "drift": lambda b: _drift(b),
}


def _decided(body: Mapping[str, Any]) -> str:
    if "by" not in body:
        return ""
    proof = {"github": "as GitHub says", "host": "as the machine says"}.get(body["identity"], "unproven")
    return f" by {body['by']} ({body['how']}, {proof}){': ' + body['reason'] if body['reason'] else ''}"


def _drift(body: Mapping[str, Any]) -> str:
    unanswered = len(body.get("unanswered", ()))
    new = sum(bool(item.get("new") and not item.get("until")) for item in body["drifted"])
    parts = [f"drift: {len(body['drifted'])} objects{f', {new} new' if new else ''}"] if body["drifted"] else []
    parts += [f"{unanswered} units could not be asked"] if unanswered else []
    return "; ".join(parts) or "no drift"


def _rolled_back(body: Mapping[str, Any]) -> str:
    receipt = body.get("receipt")
    return f"rolled back to {receipt['target']['release']}" if receipt else "removed, it did not exist before"
