"""Undo a failed release's changes of the state, and warn about what a rollback cannot undo. Pure.

A rollback uses the earlier release's code, but the failed release has changed addresses in the state. So the rollback
adds a file of blocks to that code, which undo each of these changes:

| the failed release | the rollback |
| --- | --- |
| moved a to b | `moved` from b to a; or to where the earlier code's chain of `moved` blocks to a begins |
| imported a | `removed` with `destroy = false`: a stays and is not managed; impossible for a[0] |
| forgot a | `import` of a by its id, unless the earlier code imports it itself |

Source: Terraform's "moved", "removed" and "import" blocks. A block about an object that is not in the state does
nothing, so it does not matter how far the failed apply got.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tasks.domain.plan import Action, Plan, StateChange
from tasks.engines.terraform.secrets import Secrets

Moves = Collection[tuple[str, str]]
"""The `moved` blocks of a release, as (from, to)."""


def state_changes(plan: Mapping[str, Any], found: Secrets) -> tuple[StateChange, ...]:
    """Return what applying a plan (`terraform show -json`) changes only in the state. Secret ids are left out."""
    items = (item for item in plan.get("resource_changes", ()) if not item.get("deposed"))
    return tuple(change for item in items for change in _state_changes(item, found))


def undo(changes: Iterable[StateChange], moves: Moves, imported: Collection[str]) -> str:
    """Return the blocks, as HCL, that undo these changes beside the earlier release's code; empty if none are needed.

    Args:
        changes: what the failed release's applies changed in the state.
        moves: the earlier code's own `moved` blocks.
        imported: addresses that the earlier code itself imports.
    """
    blocks = (block for change in changes for block in _undone(change, moves, imported))
    return "\n".join(dict.fromkeys(blocks))


def not_undone(plan: Plan, undeletable: Collection[str], *, first: bool) -> Iterator[str]:
    """Yield warnings for the approver: what a rollback of `plan` does not undo, or stops at.

    Args:
        plan: the plan to approve.
        undeletable: addresses of objects that the code protects with `prevent_destroy`.
        first: nothing of the unit was applied before, so a rollback removes all of it.
    """
    yield from _state_not_undone(plan, first=first)
    removed = [change.address for change in plan.changes if change.action in (Action.DELETE, Action.REPLACE)]
    invoked = [change.address for change in plan.changes if change.action is Action.INVOKE]
    other = [f"{change.address} ({change.note})" for change in plan.changes if change.action is Action.OTHER]
    kept = sorted(plan.created & {*undeletable}) if first else []
    yield from _named("a rollback creates these anew, without what they hold", removed)
    yield from _named("a rollback cannot remove these (prevent_destroy), so it stops for a person", kept)
    yield from _named("a rollback does not undo these actions", invoked)
    yield from _named("actions that FlowMart does not know", other)


def created_twice(made: Plan, undone: Iterable[StateChange]) -> list[str]:
    """Return existing objects that a rollback would create: the failed release only stopped managing them."""
    return sorted(made.created & {change.address for change in undone if change.action is Action.FORGET})


def _state_changes(item: Mapping[str, Any], found: Secrets) -> Iterator[StateChange]:
    change, address = item["change"], item["address"]
    if item.get("previous_address"):
        yield StateChange(Action.MOVE, address, previous=item["previous_address"])
    if importing := change.get("importing"):
        yield StateChange(Action.IMPORT, address, identity=_shown(importing.get("id"), found))
    if "forget" in change["actions"]:
        yield StateChange(Action.FORGET, address, identity=_identity(change, found))


def _identity(change: Mapping[str, Any], found: Secrets) -> str:
    marks = change.get("before_sensitive") or {}
    is_secret = marks is True or bool(marks.get("id"))
    return "" if is_secret else _shown((change.get("before") or {}).get("id"), found)


def _shown(identity: Any, found: Secrets) -> str:
    """Return an id if it may be recorded, else an empty text: it must be a text that contains no secret."""
    return identity if isinstance(identity, str) and found.masked(identity) == identity else ""


def _undone(change: StateChange, moves: Moves, imported: Collection[str]) -> Iterator[str]:
    if change.action is Action.MOVE:
        back = _beginning(change.previous, moves)
        if back != change.address:
            yield _block("moved", f"from = {change.address}", f"to   = {back}")
    elif change.action is Action.IMPORT and not _is_instance(change.address):
        yield _block("removed", f"from = {change.address}", "lifecycle {", "  destroy = false", "}")
    elif change.action is Action.FORGET and change.identity and change.address not in imported:
        yield _block("import", f"to = {change.address}", f"id = {_quoted(change.identity)}")


def _beginning(address: str, moves: Moves) -> str:
    """Follow the `moved` blocks back to the first address: two of them must not end at the same address."""
    met = {address}
    while (found := _previous(address, moves)) and found not in met:
        address = found
        met.add(address)
    return address


def _previous(address: str, moves: Moves) -> str:
    for origin, to in moves:
        if address == to or address.startswith((f"{to}[", f"{to}.")):
            return f"{origin}{address.removeprefix(to)}"
    return ""


def _state_not_undone(plan: Plan, *, first: bool) -> Iterator[str]:
    def named(action: Action, *, stops: bool) -> list[str]:
        return [each.address for each in plan.state_changes if each.action is action and _stops(each, first) is stops]

    yield from _named("a rollback moves these back", named(Action.MOVE, stops=False))
    yield from _named(
        "a rollback would delete what was imported, so it stops for a person", named(Action.IMPORT, stops=True)
    )
    yield from _named(
        "a rollback no longer manages what was imported, and leaves it as it is then",
        named(Action.IMPORT, stops=False),
    )
    yield from _named(
        "a rollback cannot manage these again, since their id is not known, so it stops for a person",
        named(Action.FORGET, stops=True),
    )
    yield from _named("a rollback imports these again by their id", named(Action.FORGET, stops=False))


def _stops(change: StateChange, first: bool) -> bool:
    """Tell whether a rollback cannot undo a change of the state, and so stops before it touches the unit."""
    if change.action is Action.IMPORT:
        return first or _is_instance(change.address)
    return change.action is Action.FORGET and not change.identity


def _is_instance(address: str) -> bool:
    return "[" in address


def _named(what: str, addresses: Collection[str]) -> Iterator[str]:
    if addresses:
        yield f"{what}: {', '.join(addresses)}"


def _block(kind: str, *lines: str) -> str:
    inside = "\n".join(f"  {line}" for line in lines)
    return f"{kind} {{\n{inside}\n}}\n"


def _quoted(text: str) -> str:
    """Return a text as an HCL string without templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
