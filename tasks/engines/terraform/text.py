"""Print a plan as text. It is made from masked changes, so it cannot contain secrets. Pure.

It looks like terraform's own text, but shows only the attributes that differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.domain.plan import OBJECT_ACTIONS, Action, Change
from tasks.domain.values import CHANGED, MASK, UNKNOWN

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "-/+", Action.DELETE: "-"}
_WORDS = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.REPLACE: "must be replaced",
    Action.DELETE: "will be destroyed",
    Action.MOVE: "will be moved",
    Action.IMPORT: "will be imported",
    Action.FORGET: "will no longer be managed",
    Action.INVOKE: "will be invoked",
    Action.OTHER: "needs care",
}


def text(changes: Iterable[Change], outputs: Iterable[Change] = ()) -> str:
    """Return the whole plan as text; "No changes." if there are none.

    Args:
        changes: the changes of objects.
        outputs: the changes of outputs.
    """
    items, given = tuple(changes), tuple(outputs)
    parts = ["\n".join(_object(change)) for change in items]
    if given:
        parts.append(
            "\n".join(["Changes to outputs:", *(line for change in given for line in _attributes(change, 2))])
        )
    return "\n\n".join([*parts, _summary(items)]) if parts else "No changes."


def _summary(changes: tuple[Change, ...]) -> str:
    count = {action: sum(change.action is action for change in changes) for action in Action}
    added, removed = count[Action.CREATE] + count[Action.REPLACE], count[Action.DELETE] + count[Action.REPLACE]
    main = f"Plan: {added} to add, {count[Action.UPDATE]} to change, {removed} to destroy"
    rest = [
        f"{count[action]} to {action.value}" for action in Action if action not in OBJECT_ACTIONS and count[action]
    ]
    return f"{', '.join([main, *rest])}."


def _object(change: Change) -> Iterator[str]:
    yield f"# {change.address} {_WORDS[change.action]}{f' ({change.note})' if change.note else ''}"
    if change.action in _SIGNS:
        yield f"{_SIGNS[change.action]} {change.kind}"
        yield from _attributes(change, 4)


def _attributes(change: Change, indent: int) -> Iterator[str]:
    before, after = change.before or {}, change.after or {}
    name_of = (lambda _: change.address.removeprefix("output.")) if change.kind == "output" else str
    for key in change.attributes:
        forces = " # forces replacement" if any(path.split(".")[0] == key for path in change.because) else ""
        yield from _attribute(name_of(key), before.get(key), after.get(key), change.action, indent, forces)


def _attribute(name: str, before: Any, after: Any, action: Action, indent: int, forces: str) -> Iterator[str]:
    pad = " " * indent
    if action is Action.CREATE or before is None:
        yield f"{pad}+ {name} = {_value(after, indent)}{forces}"
    elif action is Action.DELETE or after is None:
        yield f"{pad}- {name} = {_value(before, indent)}{forces}"
    else:
        yield f"{pad}~ {name} = {_value(before, indent)} -> {_value(after, indent)}{forces}"


def _value(value: Any, indent: int) -> str:
    if value in (MASK, CHANGED, UNKNOWN) and isinstance(value, str):
        return value
    if isinstance(value, Mapping) or (isinstance(value, list) and len(value) > 1):
        return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).replace(
            "\n", "\n" + " " * (indent + 2)
        )
    return json.dumps(value, ensure_ascii=False)
