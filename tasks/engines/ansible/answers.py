"""What Ansible tells, as ansible-runner's events, turned into the product's words. Pure.

Events are those of ansible-runner's own callback (its documentation, "Runner Artifact Job Events"): one a task and
host, and `playbook_on_stats` at the end. What a task with `no_log` did is not in them, nor whether it changed
something: the stats count it, so where more tasks changed than told so, all that say nothing count as changes.

What these events leave out, our own callback plugin records (`recordings.py`).
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
"""Modules that say "changed" and change nothing but what Ansible knows of hosts while it runs."""

_NOT_MADE = "earlier changes are not made in a rehearsal"
_BLOCKED = f"{_NOT_MADE}; the tasks after it are not rehearsed"


@dataclass(frozen=True)
class Results:
    """What came of a run.

    Attributes:
        changes: what tasks changed, or would; without those that are not comparable.
        failed: a line each.
        blocked: those of `failed` on hosts where tasks before them would have changed something, so that a rehearsal
            cannot tell whether they fail in earnest.
        ignored: addresses of tasks whose failure is ignored or rescued, on such hosts: in earnest they may succeed.
        unreachable: a line each.
        blind: addresses of changes that show no difference.
        unrehearsed: addresses of tasks that check mode skipped.
        dependent: addresses of tasks that depend on what an unrehearsed one returns.
        handlers: addresses of handlers that ran.
        finished: the run got to its end on the hosts that it reached, whatever happened there.
    """

    changes: tuple[Change, ...] = ()
    failed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    unrehearsed: tuple[str, ...] = ()
    dependent: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    finished: bool = False

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a rehearsal could not tell, in words."""
        return (
            *(f"{address}: cannot be rehearsed" for address in self.unrehearsed),
            *(f"{address}: depends on a task that cannot be rehearsed" for address in self.dependent),
            *(f"{address}: fails, and the play goes on; {_NOT_MADE}" for address in self.ignored),
            *(f"{line}; {_BLOCKED}" for line in self.blocked),
        )


def results(events: Sequence[Event], lines: Sequence[Line] = ()) -> Results:
    """What the events of one run, and what our plugin recorded of it, add up to."""
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
        handlers=_unique(_address(line) for line in tasks if line["handler"] and line["event"] == "ok"),
        finished=stats is not None,
    )


def masked(found: Results, secrets: Iterable[str]) -> Results:
    """The same without any of the secrets in what is shown."""
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
    """The same without the folder of the checkout in its lines: it is another one each time, and a plan is not."""

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
    """One task on one host: several tasks may have the same name."""
    return str(data["host"]), str(data.get("task_uuid") or _address(data))


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _data(event: Event) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.get("event_data") or {}
    return found


def _is_fatal(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """A failed task that was neither to be ignored nor rescued. Without stats, the run ended there."""
    data = _data(event)
    if event["event"] != "runner_on_failed" or data.get("ignore_errors"):
        return False
    return stats is None or bool(stats.get("failures", {}).get(data["host"]))


def _is_ignored(event: Event, rescued: Set[tuple[str, str]]) -> bool:
    data = _data(event)
    return event["event"] == "runner_on_failed" and bool(data.get("ignore_errors") or _task(data) in rescued)


def _is_unreachable(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """An unreachable host, unless the play says to go on without it (`ignore_unreachable`): then no count has it."""
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
    """ "bastion: /etc/motd": the file that a module was given; empty where it was given none."""
    given = result.get("invocation") or {}
    given = given.get("module_args") or given
    place, source = given.get("path") or given.get("dest"), given.get("src")
    if not (isinstance(place, str) and place.startswith("/")):
        return ""
    into = posixpath.basename(str(source)) if place.endswith("/") and source else ""
    return f"{data['host']}: {posixpath.normpath(posixpath.join(place, into))}"


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
    said = " ".join(str(result.get("msg") or result.get("reason") or "it gave no reason").split())
    return "\n    ".join([said, *more])


def _address(data: Mapping[str, Any], item: str = "") -> str:
    """ "bastion : hardening : Configure sshd (item)"; without the role for a task of the playbook's own."""
    parts = [str(data.get(key)) for key in ("host", "role", "task") if data.get(key)]
    return " : ".join(parts) + (f" ({item})" if item else "")
