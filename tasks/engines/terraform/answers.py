"""Parse terraform plans, states and `-json` output into the product's types. Pure; golden tests cover it.

Source of the plan format: Terraform's "JSON Output Format", version 1.x (`terraform show -json`). Each resource
change has `before` and `after`. `before_sensitive`, `after_sensitive` and `after_unknown` have the same shape; `true`
marks the value at that place. Older Terraform and OpenTofu omit `applyable` and `complete`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.release import Baseline
from tasks.domain.values import CHANGED, MASK, UNKNOWN, leaves
from tasks.engines.terraform.secrets import Secrets, of_plan

Document = Mapping[str, Any]
"""A plan, as `terraform show -json` prints it."""

_NOTHING = (("no-op",), ("read",))
_FAILED_CHECK = "Check block assertion failed"
_LATER_CHECK = "Check block assertion known after apply"
_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
}


def planned_changes(plan: Document) -> tuple[Change, ...]:
    """Return the changes of a plan with secrets masked, in terraform's order. Actions that it invokes come last."""
    found = of_plan(plan)
    items = [change for item in plan.get("resource_changes", ()) if (change := change_of(item, found)) is not None]
    return (*items, *(_invocation(item, found) for item in plan.get("action_invocations", ())))


def change_of(item: Mapping[str, Any], found: Secrets) -> Change | None:
    """Return the change in one entry of `resource_changes` or `resource_drift`.

    Args:
        item: the entry.
        found: the plan's secrets, to mask.

    Returns:
        The change; None if it does nothing, or is not about a managed object.
    """
    change = _by_attributes(item["change"])
    action = _action(item)
    if action is None or item.get("mode", "managed") != "managed":
        return None
    before, after = _sides(change, found)
    because = tuple(".".join(map(str, path)) for path in change.get("replace_paths") or ())
    address = f"{item['address']} (deposed {item['deposed']})" if item.get("deposed") else item["address"]
    return Change(address, item["type"], action, before, after, because, found.scrubbed(_note(item)))


def changed_outputs(plan: Document) -> tuple[Change, ...]:
    """Return the outputs that applying a plan changes, with secrets masked."""
    found = of_plan(plan)
    items = plan.get("output_changes", {}).items()
    return tuple(_output(name, change, found) for name, change in items if tuple(change["actions"]) != ("no-op",))


def foreseen_outputs(plan: Document) -> dict[str, Any] | None:
    """Return the outputs after applying a plan, with secrets masked; None unless all of them are known.

    A sensitive output counts as known only if it does not change: a plan must not carry its new value.
    """
    if plan.get("complete") is False:
        return None
    left = {name: change for name, change in plan.get("output_changes", {}).items() if _is_left(change)}
    if any(_is_marked(change.get("after_unknown")) or _is_new_secret(change) for change in left.values()):
        return None
    return {
        name: MASK if _is_marked(change.get("after_sensitive")) else change["after"] for name, change in left.items()
    }


def _is_left(change: Document) -> bool:
    """Tell whether the output has a value afterwards. Terraform keeps no output that is null."""
    return change.get("after") is not None or _is_marked(change.get("after_unknown"))


def _is_new_secret(change: Document) -> bool:
    return tuple(change["actions"]) != ("no-op",) and _is_marked(change.get("after_sensitive"))


def _is_marked(mark: Any) -> bool:
    """Tell whether a mark of the plan (`after_unknown`, `after_sensitive`) is set anywhere in a value."""
    return any(leaves(mark))


def changes_outputs(plan: Document) -> bool:
    """Tell whether applying a plan changes outputs, or anything else that is not among its changes."""
    if changed_outputs(plan):
        return True
    return bool(plan.get("applyable")) and not planned_changes(plan)


def unknown(plan: Document) -> tuple[str, ...]:
    """Return the changes that a plan defers, a sentence each."""
    items = ((item.get("resource_change", {}), item.get("reason", "")) for item in plan.get("deferred_changes", ()))
    return tuple(f"{change.get('address', 'a change')} is deferred: {why}" for change, why in items)


def warnings(plan: Document) -> tuple[str, ...]:
    """Return what else an approver must know: failed checks, generated code, and that the plan is not complete."""
    incomplete = ["the plan is not complete: after applying it, there will be more to do"]
    partial = plan.get("complete") is False and not plan.get("deferred_changes")
    told = (*_failed_checks(plan), *_generated(plan), *(incomplete if partial else ()))
    found = of_plan(plan) if told else Secrets()
    return tuple(map(found.scrubbed, told))


def reversibility(changes: Iterable[Change], protected: bool) -> Reversibility:
    """Return how far the changes can be undone.

    Removing or replacing objects of a protected unit cannot be undone, nor can an action. Changes other than
    creations and updates need care.
    """
    items = tuple(changes)
    destructive = any(change.action in (Action.DELETE, Action.REPLACE) for change in items)
    if (destructive and protected) or any(change.action is Action.INVOKE for change in items):
        return Reversibility.IRREVERSIBLE
    simple = all(change.action in (Action.CREATE, Action.UPDATE) and not change.note for change in items)
    return Reversibility.REVERSIBLE if simple else Reversibility.NEEDS_CARE


def outputs_in(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return {name: value} of a state's outputs, with sensitive ones masked."""
    found = state.get("outputs", {})
    return {name: MASK if item.get("sensitive") else item["value"] for name, item in found.items()}


def outputs_of(applied: str) -> dict[str, Any]:
    """Return {name: value} of the outputs at the end of `terraform apply -json`, with sensitive ones masked."""
    found = [line["outputs"] for line in lines(applied) if line["type"] == "outputs"]
    values = [each for each in found if all("action" not in item for item in each.values())]
    return outputs_in({"outputs": values[-1]}) if values else {}


def unfinished(applied: str) -> frozenset[str]:
    """Return the objects that `terraform apply -json` started to change but did not report as complete."""
    kinds: dict[str, set[str]] = {"apply_start": set(), "apply_complete": set()}
    for line in lines(applied):
        if line["type"] in kinds:
            kinds[line["type"]].add(line["hook"]["resource"]["addr"])
    return frozenset(kinds["apply_start"] - kinds["apply_complete"])


def failed_checks_of(applied: str) -> tuple[str, ...]:
    """Return the failed `check` blocks that `terraform apply -json` reports. They do not stop an apply.

    A check also fails if its data source cannot be read, or its condition cannot be evaluated.
    """
    found = [line["diagnostic"] for line in lines(applied) if line["type"] == "diagnostic"]
    return tuple(f"a check fails: {_reason(item)}" for item in found if _is_failed_check(item))


def _is_failed_check(item: Mapping[str, Any]) -> bool:
    context = str((item.get("snippet") or {}).get("context") or "")
    is_of_check = item["summary"] == _FAILED_CHECK or context.startswith('check "')
    return is_of_check and item["summary"] != _LATER_CHECK


def _reason(item: Mapping[str, Any]) -> str:
    told = item.get("detail") or item["summary"]
    return str(told) if item["summary"] == _FAILED_CHECK else f"{item['summary']}: {told}"


def basis(state: Mapping[str, Any]) -> str:
    """Return `lineage/serial` of the state that a plan was computed from; empty if there is no state."""
    return f"{state['lineage']}/{state['serial']}" if state else ""


def written(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state; empty if it was never written: then backends return one without lineage and content."""
    return state if any(state.get(key) for key in ("lineage", "resources", "outputs")) else {}


def baseline(state: Mapping[str, Any]) -> Baseline | None:
    """Return a baseline that counts the managed resources in a state; None if there are none."""
    resources = [item for item in state.get("resources", ()) if item.get("mode") == "managed"]
    if not resources:
        return None
    what = f"{len(resources)} resource{'' if len(resources) == 1 else 's'}"
    data = {"lineage": state["lineage"], "serial": state["serial"]}
    return Baseline(f"existing state, serial {state['serial']}, {what}", data)


def lines(output: str) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of JSON, without a last line that a killed command did not finish."""
    return (json.loads(line) for line in output.splitlines() if line.startswith("{") and line.endswith("}"))


def _action(item: Mapping[str, Any]) -> Action | None:
    actions = tuple(item["change"]["actions"])
    if actions not in _NOTHING:
        return _ACTIONS.get(actions, Action.OTHER)
    if item["change"].get("importing"):
        return Action.IMPORT
    return Action.MOVE if item.get("previous_address") else None


def _note(item: Mapping[str, Any]) -> str:
    actions = tuple(item["change"]["actions"])
    importing = item["change"].get("importing")
    identity = (importing.get("id") or "by its identity") if importing else ""
    parts = [
        f"moved from {item['previous_address']}" if item.get("previous_address") else "",
        f"imported: {identity}" if importing else "",
        "no longer managed, and stays" if actions == ("forget",) else "",
        "tainted" if item.get("action_reason") == "replace_because_tainted" else "",
        ", ".join(actions) if actions not in _ACTIONS and actions not in _NOTHING else "",
    ]
    return "; ".join(filter(None, parts))


def _invocation(item: Mapping[str, Any], found: Secrets) -> Change:
    trigger = item.get("lifecycle_action_trigger", {}).get("triggering_resource_address", "")
    values = _marked(item.get("config_values") or {}, item.get("config_sensitive"), MASK)
    note = f"triggered by {trigger}" if trigger else "an action"
    return Change(item["address"], item["type"], Action.INVOKE, None, found.masked(values), (), note)


def _output(name: str, change: Mapping[str, Any], found: Secrets) -> Change:
    before, after = _sides(change, found)
    action = _ACTIONS.get(tuple(change["actions"]), Action.OTHER)
    return Change(f"output.{name}", "output", action, {"value": before}, {"value": after})


def _failed_checks(plan: Document) -> Iterator[str]:
    for item in plan.get("checks") or ():
        name = item.get("address", {}).get("to_display", "a check")
        if item.get("status") in ("fail", "error"):
            said = [p["message"] for found in item.get("instances", ()) for p in found.get("problems", ())]
            yield f"{name} fails: {'; '.join(said) or item['status']}"


def _generated(plan: Document) -> Iterator[str]:
    for item in plan.get("resource_changes", ()):
        if item["change"].get("generated_config"):
            yield f"the code of {item['address']} was generated for its import and is in no file: commit it first"


def _by_attributes(change: Mapping[str, Any]) -> Mapping[str, Any]:
    """Expand a mark on a whole object into one mark per attribute."""
    whole = {f"{side}_sensitive": side for side in ("before", "after") if change.get(f"{side}_sensitive") is True}
    return {**change, **{mark: dict.fromkeys(change.get(side) or (), True) for mark, side in whole.items()}}


def _sides(change: Mapping[str, Any], found: Secrets) -> tuple[Any, Any]:
    """Return before and after. Secrets, unknown values and secrets that changed are replaced by their marks."""
    before = found.masked(_marked(change.get("before"), change.get("before_sensitive"), MASK))
    after = _marked(change.get("after"), change.get("after_unknown"), UNKNOWN)
    after = found.masked(_marked(after, change.get("after_sensitive"), MASK))
    return before, _other_secrets(before, after, change.get("before"), change.get("after"))


def _other_secrets(before: Any, after: Any, raw_before: Any, raw_after: Any) -> Any:
    """Return `after` with `CHANGED` where both sides are masked alike but their values differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = (raw if isinstance(raw, Mapping) else {} for raw in (raw_before, raw_after))
        return {k: _other_secrets(before.get(k), v, old.get(k), new.get(k)) for k, v in after.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        raws = [raw if isinstance(raw, list) else [None] * len(after) for raw in (raw_before, raw_after)]
        return [_other_secrets(*sides) for sides in zip(before, after, *raws, strict=False)]
    hides = isinstance(after, str) and MASK in after
    return CHANGED if hides and before == after and raw_before != raw_after else after


def _marked(value: Any, marks: Any, word: str) -> Any:
    """Return `value` with `word` wherever `marks` is true. Both have the same shape."""
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
