"""One event of ansible-runner: its task, what the task changed, and why it failed. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from tasks.domain.plan import Action, Change
from tasks.domain.values import MASK, UNKNOWN

Event = Mapping[str, Any]

_LINES = 5
_ONLY_GROUPING = ("add_host", "group_by")
"""Modules that report "changed" but only change what Ansible knows of hosts while it runs."""


def data_of(event: Event) -> Mapping[str, Any]:
    """Return what an event tells about its task."""
    found: Mapping[str, Any] = event.get("event_data") or {}
    return found


def task_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """Identify one task on one host. Names are not enough: several tasks may have the same name."""
    return str(data["host"]), str(data.get("task_uuid") or address_of(data))


def changes_of(event: Event) -> Iterable[Change]:
    """Return what a task changed: one change, or one for each of its items."""
    return [_change(data_of(event), result, item) for result, item in changed_results(event)]


def changed_results(event: Event) -> list[tuple[Mapping[str, Any], str]]:
    """Return the result of a task that changed something, or those of its changed items with their labels."""
    data = data_of(event)
    if str(data.get("task_action", "")).rpartition(".")[2] in _ONLY_GROUPING:
        return []
    result = data.get("res") or {}
    items = result.get("results")
    if not isinstance(items, list):
        return [(result, "")] if result.get("changed") else []
    return [(item, str(item.get("_ansible_item_label", ""))) for item in items if item.get("changed")]


def _change(data: Mapping[str, Any], result: Mapping[str, Any], item: str) -> Change:
    before, after = _compared(result.get("diff"))
    action = _action(before, after)
    before, after = _narrowed(before, after)
    if before == after:
        after = {"result": UNKNOWN}
    return Change(
        address=address_of(data, item),
        kind=str(data.get("task_action", "")),
        action=action,
        before=None if action is Action.CREATE else before,
        after=None if action is Action.DELETE else after,
        thing=_thing(data, result),
    )


def _thing(data: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Return the file that a module was given, as "bastion: /etc/motd"; empty if it was given none."""
    given = result.get("invocation") or {}
    given = given.get("module_args") or given
    place, source = given.get("path") or given.get("dest"), given.get("src")
    host = str(data.get("delegated_to") or data["host"])
    # A host that only an item names cannot be told from those of the other items.
    if not (isinstance(place, str) and place.startswith("/")) or "{{" in host:
        return ""
    into = posixpath.basename(str(source)) if place.endswith("/") and source else ""
    return f"{host}: {posixpath.normpath(posixpath.join(place, into))}"


def _compared(diff: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return before and after of a task's differences: contents as lines, attributes by name."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for part in diff if isinstance(diff, list) else [diff or {}]:
        for side, into in (("before", before), ("after", after)):
            found = part.get(side)
            if isinstance(found, Mapping):
                into.update(found)
            elif found is not None:
                into["content"] = str(found).splitlines()
        if "prepared" in part:
            after["prepared"] = str(part["prepared"]).splitlines()
    return before, after


def _narrowed(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keep only the lines of contents that differ: the rest of a file does not belong in a plan."""
    if not ("content" in before and "content" in after):
        return before, after
    old, new = before["content"], after["content"]
    steps = [s for s in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if s[0] != "equal"]
    gone = [line for _, begin, end, _, _ in steps for line in old[begin:end]]
    come = [line for _, _, _, begin, end in steps for line in new[begin:end]]
    return {**before, "content": gone}, {**after, "content": come}


def _action(before: Mapping[str, Any], after: Mapping[str, Any]) -> Action:
    """Derive the action from `state` if the task has one; otherwise new content in place of none is a creation."""
    if after.get("state") == "absent":
        return Action.DELETE
    if before.get("state") == "absent":
        return Action.CREATE
    return Action.CREATE if before.get("content") == [] and after.get("content") else Action.UPDATE


def hidden_change(data: Mapping[str, Any]) -> Change:
    """Return the change of a task that hides its result (`no_log`)."""
    result = {"result": MASK}
    return Change(address_of(data), str(data.get("task_action", "")), Action.UPDATE, result, {"result": UNKNOWN})


def failure_of(data: Mapping[str, Any]) -> str:
    """Return one line about a failed task: its host, its name and the reasons."""
    result = data.get("res") or {}
    items = [item for item in result.get("results") or () if item.get("failed")]
    said = [_said(item) for item in items] or [_said(result)]
    return f"{address_of(data)}: {'; '.join(said)}"


def _said(result: Mapping[str, Any]) -> str:
    if "censored" in result:
        return "it may not be shown why (no_log)"
    # Many programs, such as linters of configurations, explain a failure on standard output.
    told = result.get("stderr") or result.get("module_stderr") or result.get("stdout") or ""
    more = str(told).strip().splitlines()[-_LINES:]
    said = " ".join(str(result.get("msg") or result.get("reason") or "it gave no reason").split())
    return "\n    ".join([said, *more])


def address_of(data: Mapping[str, Any], item: str = "") -> str:
    """Return "bastion : hardening : Configure sshd (item)"; without the role for a task of the playbook itself.

    As in Ansible's own output, "bastion -> db" is a task of bastion's that is delegated to db.
    """
    to = data.get("delegated_to")
    host = f"{data['host']} -> {to}" if to and to != data["host"] else str(data["host"])
    parts = [host, *(str(data.get(key)) for key in ("role", "task") if data.get(key))]
    return " : ".join(parts) + (f" ({item})" if item else "")
