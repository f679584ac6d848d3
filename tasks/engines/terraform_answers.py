"""What terraform answers, parsed into the product's words. Pure: golden tests hold it without running anything.

Source of the plan format: Terraform's "JSON Output Format", version 1.x (`terraform show -json`): each resource
change carries `before`, `after`, and in the same shape `before_sensitive`, `after_sensitive`, `after_unknown`,
where `true` marks the value at that place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tasks.model import MASK, UNKNOWN, Action, Change, Reversibility

_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): None,
    ("no-op",): None,
    ("read",): None,
}

_COULD_NOT_ASK = re.compile(
    r"connection (refused|reset)|no such host|i/o timeout|timeout while|TLS handshake|request send failed"
    r"|RequestError|Throttling|TooManyRequests|RequestLimitExceeded|ServiceUnavailable|InternalFailure"
    r"|Error acquiring the state lock|Failed to query available provider packages|Failed to install provider"
    r"|Could not retrieve the list of available versions|ExpiredToken",
    re.IGNORECASE,
)


def planned_changes(shown: str) -> tuple[Change, ...]:
    """The changes of `terraform show -json PLAN`, sensitive values masked, in the tool's order."""
    return _changes(json.loads(shown).get("resource_changes", ()))


def drifted(shown: str) -> tuple[Change, ...]:
    """What differs from the state in the world: `resource_drift`, which planned changes do not always show."""
    return _changes(json.loads(shown).get("resource_drift", ()))


def outputs(answer: str) -> dict[str, Any]:
    """{name: value} of `terraform output -json`; sensitive ones masked."""
    found = json.loads(answer)
    return {name: MASK if item["sensitive"] else item["value"] for name, item in found.items()}


def outputs_differ(shown: str) -> bool:
    """Whether a plan changes outputs, though it may change no resource."""
    changes = json.loads(shown).get("output_changes", {})
    return any(change["actions"] != ["no-op"] for change in changes.values())


def basis(state: str) -> str:
    """`lineage/serial` of `terraform state pull`: the state that a plan was computed from; empty without a state."""
    if not state.strip():
        return ""
    found = json.loads(state)
    return f"{found['lineage']}/{found['serial']}"


def reversibility(changes: Iterable[Change], protected: bool) -> Reversibility:
    """Deleting or replacing what is stateful cannot be undone; replacing anything else needs care."""
    destructive = [change for change in changes if change.action in (Action.DELETE, Action.REPLACE)]
    if destructive and protected:
        return Reversibility.IRREVERSIBLE
    return Reversibility.NEEDS_CARE if destructive else Reversibility.REVERSIBLE


def could_not_ask(stderr: str) -> bool:
    """Whether an error says that we got no answer, rather than that the answer is no."""
    return bool(_COULD_NOT_ASK.search(stderr))


def why(stderr: str) -> str:
    """Terraform's error without the frame that it draws around it, one line an error."""
    lines = [line.strip("│╷╵ \t") for line in stderr.splitlines()]
    told = " ".join(line for line in lines if line)
    return re.sub(r"\s*(Error: )", r"\n\1", told).strip() or "terraform gave no reason"


def _changes(items: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    return tuple(change for item in items if (change := _change(item)) is not None)


def _change(item: Mapping[str, Any]) -> Change | None:
    change = item["change"]
    action = _ACTIONS[tuple(change["actions"])]
    if action is None or item["mode"] != "managed":
        return None
    before = _masked(change.get("before"), change.get("before_sensitive"))
    after = _masked(_unknown(change.get("after"), change.get("after_unknown")), change.get("after_sensitive"))
    because = tuple(".".join(map(str, path)) for path in change.get("replace_paths", ()))
    return Change(item["address"], item["type"], action, before, after, because)


def _masked(value: Any, marks: Any) -> Any:
    return _marked(value, marks, MASK)


def _unknown(value: Any, marks: Any) -> Any:
    return _marked(value, marks, UNKNOWN)


def _marked(value: Any, marks: Any, word: str) -> Any:
    """`value` with `word` wherever `marks`, which has the same shape, is true."""
    if marks is True:
        return word
    if isinstance(marks, Mapping) and marks and (value is None or isinstance(value, Mapping)):
        known = value or {}
        found = {
            key: _marked(known.get(key), marks.get(key), word)
            for key in [*known, *marks]
            if key in known or _any(marks[key])
        }
        return found or value
    if isinstance(marks, list) and marks and (value is None or isinstance(value, list)):
        items = list(value or ()) + [None] * (len(marks) - len(value or ()))
        return [
            _marked(item, mark, word)
            for item, mark in zip(items, marks + [False] * (len(items) - len(marks)), strict=True)
        ]
    return value


def _any(marks: Any) -> bool:
    if isinstance(marks, Mapping):
        return any(map(_any, marks.values()))
    return any(map(_any, marks)) if isinstance(marks, list) else bool(marks)
