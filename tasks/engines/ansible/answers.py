"""Parse the events of ansible-runner into the changes and failures of a run. Pure.

The events come from ansible-runner's own callback (its documentation, "Runner Artifact Job Events"): one for each
task and host, and `playbook_on_stats` at the end. The events do not show what a task with `no_log` did, nor whether
it changed something. The stats do count it. If the stats count more changed tasks on a host than the events show,
every task that hides its result counts as a change.

Our own callback plugin records what these events leave out (`recordings.py`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from tasks import masking
from tasks.domain.plan import Action, Change
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.ansible import recordings
from tasks.engines.ansible.recordings import Line

Event = Mapping[str, Any]

_LINES = 5
_ONLY_GROUPING = ("add_host", "group_by")
"""Modules that report "changed" but only change what Ansible knows of hosts while it runs."""

_NOT_MADE = "earlier changes are not made in a rehearsal"
_BLOCKED = f"{_NOT_MADE}; the tasks after it are not rehearsed"


@dataclass(frozen=True)
class Results:
    """The results of a run.

    Attributes:
        changes: what tasks changed, or would change; without tasks that cannot be compared.
        failed: one line for each failed task.
        blocked: the lines of `failed` on hosts where earlier tasks would have changed something. A rehearsal cannot
            show whether these tasks would fail in an apply.
        ignored: addresses of tasks on such hosts whose failure is ignored or rescued: in an apply they may succeed.
        unreachable: one line for each unreachable host.
        blind: addresses of changes that show no difference.
        unrehearsed: addresses of tasks that check mode skipped.
        dependent: addresses of tasks that depend on the result of an unrehearsed task.
        unmatched: plays that matched no host, and that may match one in an apply.
        handlers: addresses of handlers that ran.
        finished: the run reached its end on the hosts that it reached, even if tasks failed there.
    """

    changes: tuple[Change, ...] = ()
    failed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    unrehearsed: tuple[str, ...] = ()
    dependent: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    finished: bool = False

    @property
    def unknown(self) -> tuple[str, ...]:
        """Describe each task and play whose effect the rehearsal could not show."""
        return (
            *(f"{address}: cannot be rehearsed" for address in self.unrehearsed),
            *(f"{address}: depends on a task that cannot be rehearsed" for address in self.dependent),
            *(f"{address}: fails, and the play goes on; {_NOT_MADE}" for address in self.ignored),
            *(f"{line}; {_BLOCKED}" for line in self.blocked),
            *(f"{play} matched no host; it may match one when applied" for play in self.unmatched),
        )


def results(events: Sequence[Event], lines: Sequence[Line] = ()) -> Results:
    """Combine the events of one run with the lines that our plugin recorded.

    Args:
        events: ansible-runner's events, in order.
        lines: the lines of our callback plugin, in order.
    """
    stats = next((_data(e) for e in events if e["event"] == "playbook_on_stats"), None)
    tasks = [line for line in lines if "host" in line]
    rescued = {_task(line) for line in tasks if line["event"] == "failed" and line["rescued_by"]}
    fatal = [data for data in (_data(e) for e in events if _is_fatal(e, stats)) if _task(data) not in rescued]
    unrehearsed = _unique(_address(line) for line in tasks if not line["rehearsed"])
    depending, failing = recordings.dependent(tasks), [_task(data) for data in fatal]
    told = _unique(_address(line) for line in depending if _task(line) not in failing)
    dependent = tuple(address for address in told if address not in unrehearsed)
    incomparable = {_task(line) for line in tasks if not line["rehearsed"]} | {*map(_task, depending)}
    done = [e for e in events if e["event"] in ("runner_on_ok", "runner_on_failed") and not _is_fatal(e, stats)]
    comparable = [e for e in done if _task(_data(e)) not in incomparable]
    changes = [change for event in comparable for change in _changes(event)]
    changes += [_hidden(_data(e)) for e in comparable if _is_hidden(e) and _has_hidden(_data(e)["host"], done, stats)]
    changing = {change.address.split(" : ")[0] for change in changes}
    pending = changing | {line["host"] for line in [*depending, *(line for line in tasks if not line["rehearsed"])]}
    return Results(
        changes=tuple(changes),
        failed=tuple(map(_failure, fatal)),
        blocked=tuple(_failure(data) for data in fatal if data["host"] in pending),
        ignored=_unique(
            _address(data)
            for data in (_data(e) for e in events if _is_ignored(e, rescued))
            if data["host"] in pending
        ),
        unreachable=tuple(_failure(_data(e)) for e in events if _is_unreachable(e, stats)),
        blind=tuple(c.address for c in changes if c.after and UNKNOWN in c.after.values()),
        unrehearsed=unrehearsed,
        dependent=dependent,
        unmatched=recordings.perhaps_without_hosts(lines),
        handlers=_unique(_address(line) for line in tasks if line["handler"] and line["event"] == "ok"),
        finished=stats is not None,
    )


def masked(found: Results, secrets: Iterable[str]) -> Results:
    """Return the results with the secrets masked. Also registers the secrets for masking in later output."""
    hidden = tuple(sorted(secrets, key=len, reverse=True))
    masking.KNOWN.learn(hidden)
    return replace(
        found,
        changes=tuple(
            replace(
                c, before=_without(c.before, hidden), after=_without(c.after, hidden), thing=_without(c.thing, hidden)
            )
            for c in found.changes
        ),
        failed=_without(found.failed, hidden),
        blocked=_without(found.blocked, hidden),
        unreachable=_without(found.unreachable, hidden),
    )


def placed(found: Results, checkout: str) -> Results:
    """Return the results without the checkout's path in their lines. It differs each time, and plans must not."""

    def shortened(lines: Iterable[str]) -> tuple[str, ...]:
        return tuple(line.replace(f"{checkout}/", "") for line in lines)

    failed, blocked = shortened(found.failed), shortened(found.blocked)
    return replace(found, failed=failed, blocked=blocked, unreachable=shortened(found.unreachable))


def _without(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(item, secrets) for item in value)
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
    return value


def _task(data: Mapping[str, Any]) -> tuple[str, str]:
    """Identify one task on one host. Names are not enough: several tasks may have the same name."""
    return str(data["host"]), str(data.get("task_uuid") or _address(data))


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _data(event: Event) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.get("event_data") or {}
    return found


def _is_fatal(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """Tell whether a task failed, and was neither ignored nor rescued. Without stats, the run ended there."""
    data = _data(event)
    if event["event"] != "runner_on_failed" or data.get("ignore_errors"):
        return False
    return stats is None or bool(stats.get("failures", {}).get(data["host"]))


def _is_ignored(event: Event, rescued: Set[tuple[str, str]]) -> bool:
    data = _data(event)
    return event["event"] == "runner_on_failed" and bool(data.get("ignore_errors") or _task(data) in rescued)


def _is_unreachable(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """Tell whether an unreachable host counts. With `ignore_unreachable` it does not, and the stats omit it."""
    if event["event"] != "runner_on_unreachable":
        return False
    return stats is None or bool(stats.get("dark", {}).get(_data(event)["host"]))


def _changes(event: Event) -> Iterable[Change]:
    data = _data(event)
    if str(data.get("task_action", "")).rpartition(".")[2] in _ONLY_GROUPING:
        return []
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
        thing=_thing(data, result),
    )


def _thing(data: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Return the file that a module was given, as "bastion: /etc/motd"; empty if it was given none."""
    given = result.get("invocation") or {}
    given = given.get("module_args") or given
    place, source = given.get("path") or given.get("dest"), given.get("src")
    if not (isinstance(place, str) and place.startswith("/")):
        return ""
    into = posixpath.basename(str(source)) if place.endswith("/") and source else ""
    return f"{data['host']}: {posixpath.normpath(posixpath.join(place, into))}"


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


def _is_hidden(event: Event) -> bool:
    """Tell whether a task succeeded without saying whether it changed something."""
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
    said = " ".join(str(result.get("msg") or result.get("reason") or "it gave no reason").split())
    return "\n    ".join([said, *more])


def _address(data: Mapping[str, Any], item: str = "") -> str:
    """Return "bastion : hardening : Configure sshd (item)"; without the role for a task of the playbook itself."""
    parts = [str(data.get(key)) for key in ("host", "role", "task") if data.get(key)]
    return " : ".join(parts) + (f" ({item})" if item else "")
