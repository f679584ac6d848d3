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

from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.release import Baseline
from tasks.domain.values import MASK, UNKNOWN

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
    return _changes(json.loads(shown).get("resource_changes", ()), secrets(shown))


def drifted(shown: str) -> tuple[Change, ...]:
    """What differs from the state in the world: `resource_drift`, which planned changes do not always show."""
    return _changes(json.loads(shown).get("resource_drift", ()), secrets(shown))


def secrets(shown: str) -> frozenset[str]:
    """Every text that a plan marks as sensitive somewhere.

    Terraform forgets the mark where a value is passed on by a resource (`terraform_data` prints its input again as
    `output`), so what is secret in one place is taken as secret in all. Short texts are left out: masking every
    "true" would hide the plan.
    """
    plan = json.loads(shown)
    found: set[str] = set()
    for item in (*plan.get("resource_changes", ()), *plan.get("resource_drift", ())):
        change = item["change"]
        for side in ("before", "after"):
            found |= _marked_texts(change.get(side), change.get(f"{side}_sensitive"))
    for change in plan.get("output_changes", {}).values():
        for side in ("before", "after"):
            found |= _marked_texts(change.get(side), change.get(f"{side}_sensitive"))
    return frozenset(text for text in found if len(text) >= _SHORTEST_SECRET)


def scrubbed(text: str, found: Iterable[str]) -> str:
    """`text` with the mask in place of every secret; longer ones first, since one may hold another."""
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def outputs(answer: str) -> dict[str, Any]:
    """{name: value} of `terraform output -json`; sensitive ones masked."""
    found = json.loads(answer)
    return {name: MASK if item["sensitive"] else item["value"] for name, item in found.items()}


def applyable(shown: str) -> bool:
    """Whether applying a plan would do anything: also outputs, moves and imports, which change no resource."""
    return bool(json.loads(shown)["applyable"])


def notes(shown: str) -> tuple[str, ...]:
    """What a plan does to the state alone, in words."""
    items = json.loads(shown).get("resource_changes", ())
    moved = [f"{i['previous_address']} is {i['address']} from now on" for i in items if i.get("previous_address")]
    taken = [f"{i['address']} is taken over as it is" for i in items if i["change"].get("importing")]
    left = [f"{i['address']} is no longer managed, and stays" for i in items if i["change"]["actions"] == ["forget"]]
    return (*moved, *taken, *left)


def is_locked(stderr: str) -> bool:
    """Whether a command did nothing because somebody else holds the state's lock."""
    return "Error acquiring the state lock" in stderr


def basis(state: str) -> str:
    """`lineage/serial` of `terraform state pull`: the state that a plan was computed from; empty without a state."""
    if not state.strip():
        return ""
    found = json.loads(state)
    return f"{found['lineage']}/{found['serial']}"


def baseline(state: str) -> Baseline | None:
    """What `terraform state pull` says exists already; None without a state or with an empty one."""
    found = json.loads(state) if state.strip() else {}
    resources = [item for item in found.get("resources", ()) if item.get("mode") == "managed"]
    if not resources:
        return None
    what = f"{len(resources)} resource{'' if len(resources) == 1 else 's'}"
    data = {"lineage": found["lineage"], "serial": found["serial"]}
    return Baseline(f"existing state, serial {found['serial']}, {what}", data)


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


_SHORTEST_SECRET = 6


def _changes(items: Iterable[Mapping[str, Any]], found: frozenset[str]) -> tuple[Change, ...]:
    return tuple(change for item in items if (change := _change(item, found)) is not None)


def _change(item: Mapping[str, Any], found: frozenset[str]) -> Change | None:
    change = item["change"]
    action = _ACTIONS[tuple(change["actions"])]
    if action is None or item["mode"] != "managed":
        return None
    before = _marked(change.get("before"), change.get("before_sensitive"), MASK)
    after = _marked(change.get("after"), change.get("after_unknown"), UNKNOWN)
    after = _marked(after, change.get("after_sensitive"), MASK)
    because = tuple(".".join(map(str, path)) for path in change.get("replace_paths", ()))
    return Change(item["address"], item["type"], action, _clean(before, found), _clean(after, found), because)


def _clean(value: Any, found: frozenset[str]) -> Any:
    """`value` without secrets, wherever they stand in it."""
    if isinstance(value, Mapping):
        return {key: _clean(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, found) for item in value]
    return scrubbed(value, found) if isinstance(value, str) else value


def _marked_texts(value: Any, marks: Any) -> set[str]:
    """The texts at those places of `value` that `marks`, which has the same shape, holds true."""
    if isinstance(value, Mapping):
        below = [(item, marks.get(key) if isinstance(marks, Mapping) else marks) for key, item in value.items()]
        return {text for item, mark in below for text in _marked_texts(item, mark)}
    if isinstance(value, list):
        each = [*marks, *[False] * (len(value) - len(marks))] if isinstance(marks, list) else [marks] * len(value)
        return {text for item, mark in zip(value, each, strict=False) for text in _marked_texts(item, mark)}
    return {value} if marks is True and isinstance(value, str) else set()


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
