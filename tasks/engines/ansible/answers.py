"""What Ansible tells, as ansible-runner's events, turned into the product's words. Pure.

Events are those of ansible-runner's own callback (its documentation, "Runner Artifact Job Events"): one a task and
host, and `playbook_on_stats` at the end. What a task with `no_log` did is not in them, nor whether it changed
something: the stats count it, so where more tasks changed than told so, all that say nothing count as changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tasks.domain.plan import Action, Change
from tasks.domain.values import MASK, UNKNOWN

Event = Mapping[str, Any]

_NEVER_REHEARSED = frozenset({"command", "shell", "raw", "script", "expect", "win_command", "win_shell"})
"""Modules that do nothing in check mode, since Ansible cannot know what they would do."""

_LINES = 5


@dataclass(frozen=True)
class Heard:
    """What came of a run. `finished`: it got to its end on the hosts that it reached, whatever happened there.

    `failed` and `unreachable` are a line each; `blind`: addresses of changes that show no difference; `unrehearsed`:
    addresses of commands that a rehearsal leaves out.
    """

    changes: tuple[Change, ...] = ()
    failed: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    unrehearsed: tuple[str, ...] = ()
    finished: bool = False


def heard(events: Sequence[Event]) -> Heard:
    """What the events of one run add up to."""
    stats = next((_data(e) for e in events if e["event"] == "playbook_on_stats"), None)
    done = [e for e in events if e["event"] in ("runner_on_ok", "runner_on_failed") and not _is_fatal(e, stats)]
    changes = [change for event in done for change in _changes(event)]
    changes += [_hidden(_data(e)) for e in done if _is_hidden(e) and _has_hidden(_data(e)["host"], done, stats)]
    skipped = [_data(e) for e in events if e["event"] == "runner_on_skipped"]
    return Heard(
        changes=tuple(changes),
        failed=tuple(_failure(_data(e)) for e in events if _is_fatal(e, stats)),
        unreachable=tuple(_failure(_data(e)) for e in events if e["event"] == "runner_on_unreachable"),
        blind=tuple(c.address for c in changes if c.after and UNKNOWN in c.after.values()),
        unrehearsed=tuple(_address(d) for d in skipped if _module(d) in _NEVER_REHEARSED),
        finished=stats is not None,
    )


def _data(event: Event) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.get("event_data") or {}
    return found


def _is_fatal(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """A failed task that was neither to be ignored nor rescued. Without stats, the run ended there."""
    data = _data(event)
    if event["event"] != "runner_on_failed" or data.get("ignore_errors"):
        return False
    return stats is None or bool(stats.get("failures", {}).get(data["host"]))


def _changes(event: Event) -> Iterable[Change]:
    data = _data(event)
    result = data.get("res") or {}
    items = result.get("results")
    if not isinstance(items, list):
        return [_change(data, result)] if result.get("changed") else []
    return [_change(data, item, str(item.get("_ansible_item_label", ""))) for item in items if item.get("changed")]


def _change(data: Mapping[str, Any], result: Mapping[str, Any], item: str = "") -> Change:
    before, after = _compared(result.get("diff"))
    action = _action(before, after)
    before, after = _narrowed(before, after)
    if before == after:
        after = {"result": UNKNOWN}
    return Change(
        address=_address(data, item),
        kind=str(data.get("task_action", "")),
        action=action,
        before=None if action is Action.CREATE else before,
        after=None if action is Action.DELETE else after,
    )


def _compared(diff: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after, from one or several of a task's differences: contents by line, attributes by name."""
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
    """Of contents only the lines that differ: what else is in a file is nobody's business here."""
    if not ("content" in before and "content" in after):
        return before, after
    old, new = before["content"], after["content"]
    steps = [s for s in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if s[0] != "equal"]
    gone = [line for _, begin, end, _, _ in steps for line in old[begin:end]]
    come = [line for _, _, _, begin, end in steps for line in new[begin:end]]
    return {**before, "content": gone}, {**after, "content": come}


def _action(before: Mapping[str, Any], after: Mapping[str, Any]) -> Action:
    """`state` tells for what has one; of a content only that nothing was there before."""
    if after.get("state") == "absent":
        return Action.DELETE
    if before.get("state") == "absent":
        return Action.CREATE
    return Action.CREATE if before.get("content") == [] and after.get("content") else Action.UPDATE


def _is_hidden(event: Event) -> bool:
    """Whether the task ended well and does not say whether it changed something."""
    result = _data(event).get("res") or {}
    return event["event"] == "runner_on_ok" and "changed" not in result


def _has_hidden(host: str, done: Sequence[Event], stats: Mapping[str, Any] | None) -> bool:
    told = sum(bool((_data(e).get("res") or {}).get("changed")) for e in done if _data(e)["host"] == host)
    return stats is not None and int(stats.get("changed", {}).get(host, 0)) > told


def _hidden(data: Mapping[str, Any]) -> Change:
    result = {"result": MASK}
    return Change(_address(data), str(data.get("task_action", "")), Action.UPDATE, result, {"result": UNKNOWN})


def _failure(data: Mapping[str, Any]) -> str:
    result = data.get("res") or {}
    items = [item for item in result.get("results") or () if item.get("failed")]
    said = [_said(item) for item in items] or [_said(result)]
    return f"{_address(data)}: {'; '.join(said)}"


def _said(result: Mapping[str, Any]) -> str:
    if "censored" in result:
        return "it may not be shown why (no_log)"
    more = str(result.get("stderr") or result.get("module_stderr") or "").strip().splitlines()[-_LINES:]
    said = " ".join(str(result.get("msg") or "it gave no reason").split())
    return "\n    ".join([said, *more])


def _address(data: Mapping[str, Any], item: str = "") -> str:
    """ "bastion : hardening : Configure sshd (item)"; without the role for a task of the playbook's own."""
    parts = [str(data.get(key)) for key in ("host", "role", "task") if data.get(key)]
    return " : ".join(parts) + (f" ({item})" if item else "")


def _module(data: Mapping[str, Any]) -> str:
    return str(data.get("task_action", "")).rpartition(".")[2]
