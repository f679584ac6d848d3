"""Parse the events of ansible-runner into the changes and failures of a run. Pure.

The events come from ansible-runner's own callback (its documentation, "Runner Artifact Job Events"): one for each
task and host, and `playbook_on_stats` at the end. The events do not show what a task with `no_log` did, nor whether
it changed something. The stats do count it. If the stats count more changed tasks on a host than the events show,
every task that hides its result counts as a change.

Our own callback plugin records what these events leave out (`recordings.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from tasks import masking
from tasks.domain.plan import Change
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.ansible import recordings
from tasks.engines.ansible.events import (
    Event,
    address_of,
    changed_results,
    changes_of,
    data_of,
    failure_of,
    hidden_change,
    task_of,
)
from tasks.engines.ansible.order import in_order
from tasks.engines.ansible.recordings import Line

_ENDS = ("runner_on_ok", "runner_on_failed", "runner_on_skipped")
_RESULTS = (*_ENDS, "runner_on_unreachable")

_NOT_MADE = "earlier changes are not made in a rehearsal"
_BLOCKED = f"{_NOT_MADE}; the tasks after it are not rehearsed"


@dataclass(frozen=True)
class Results:
    """The results of a run.

    Attributes:
        changes: what tasks changed, or would change; without tasks that cannot be compared.
        failed: one line for each failed task.
        blocked: the lines of `failed` of tasks before which others would have changed something on their host. A
            rehearsal cannot show whether these tasks would fail in an apply.
        ignored: addresses of such tasks whose failure is ignored or rescued: in an apply they may succeed.
        unreachable: one line for each unreachable host.
        blind: addresses of changes that show no difference.
        unrehearsed: addresses of tasks that check mode skipped.
        dependent: addresses of tasks that depend on the result of an unrehearsed task.
        unmatched: plays that matched no host, and that may match one in an apply.
        not_reached: plays, or hosts of plays, that a rehearsal did not get to because of a failure, in words.
        really_ran: addresses of tasks that changed something in the rehearsal (`check_mode: false`).
        prompts: addresses of tasks that would wait for a person (`pause`); a run is unattended, so they do not.
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
    not_reached: tuple[str, ...] = ()
    really_ran: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
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
            *self.not_reached,
            *(f"{play} matched no host; it may match one when applied" for play in self.unmatched),
        )


def results(events: Sequence[Event], lines: Sequence[Line] = ()) -> Results:
    """Combine the events of one run with the lines that our plugin recorded.

    Args:
        events: ansible-runner's events, in order of time.
        lines: the lines of our callback plugin, in order of time.
    """
    stats = next((data_of(e) for e in events if e["event"] == "playbook_on_stats"), None)
    tasks = [line for line in lines if "host" in line]
    events = _delegated(events, tasks)
    depending = in_order(recordings.dependent(tasks), task_of)
    tasks = in_order(tasks, task_of)
    events, arrived = in_order([e for e in events if e["event"] in _RESULTS], _task_of_event), events
    rescued = {task_of(line) for line in tasks if line["event"] == "failed" and line["rescued_by"]}
    fatal = [data for data in (data_of(e) for e in events if _is_fatal(e, stats)) if task_of(data) not in rescued]
    unrehearsed = _unique(address_of(line) for line in tasks if not line["rehearsed"])
    failing = [task_of(data) for data in fatal]
    told = _unique(address_of(line) for line in depending if task_of(line) not in failing)
    dependent = tuple(address for address in told if address not in unrehearsed)
    incomparable = {task_of(line) for line in tasks if not line["rehearsed"]} | {*map(task_of, depending)}
    done = [e for e in events if e["event"] in ("runner_on_ok", "runner_on_failed") and not _is_fatal(e, stats)]
    checking = {task_of(line) for line in tasks if line.get("only_checks")}
    comparable = [e for e in done if task_of(data_of(e)) not in incomparable | checking]
    changes = [change for event in comparable for change in changes_of(event)]
    hiding = {host for host in {data_of(e)["host"] for e in done} if _has_hidden(host, done, stats)}
    changes += [hidden_change(data_of(e)) for e in comparable if _is_hidden(e) and data_of(e)["host"] in hiding]
    acting = [e for e in arrived if e["event"] != "runner_on_ok" or task_of(data_of(e)) not in checking]
    waiting = _waiting(acting, incomparable, hiding)
    return Results(
        changes=tuple(changes),
        failed=tuple(map(failure_of, fatal)),
        blocked=tuple(failure_of(data) for data in fatal if task_of(data) in waiting),
        ignored=_unique(
            address_of(data)
            for data in (data_of(e) for e in events if _is_ignored(e, rescued))
            if task_of(data) in waiting
        ),
        unreachable=tuple(failure_of(data_of(e)) for e in events if _is_unreachable(e, stats)),
        blind=tuple(c.address for c in changes if c.after and UNKNOWN in c.after.values()),
        unrehearsed=unrehearsed,
        dependent=dependent,
        unmatched=recordings.perhaps_without_hosts(lines),
        not_reached=recordings.not_reached(lines, {*failing}),
        really_ran=_unique(address_of(line) for line in tasks if line.get("really_ran") and line["changed"]),
        prompts=_unique(address_of(line) for line in tasks if line.get("prompts")),
        handlers=_unique(address_of(line) for line in tasks if line["handler"] and line["event"] == "ok"),
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


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _delegated(events: Iterable[Event], tasks: Iterable[Line]) -> list[Event]:
    """Return the events with the host that each task was delegated to. The events themselves leave it out."""
    to = {task_of(line): line["delegated_to"] for line in tasks if line.get("delegated_to")}
    return [
        {**each, "event_data": {**data_of(each), "delegated_to": to[_task_of_event(each)]}}
        if "host" in data_of(each) and _task_of_event(each) in to
        else each
        for each in events
    ]


def _task_of_event(event: Event) -> tuple[str, str]:
    return task_of(data_of(event))


def _is_fatal(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """Tell whether a task failed, and was neither ignored nor rescued. Without stats, the run ended there."""
    data = data_of(event)
    if event["event"] != "runner_on_failed" or data.get("ignore_errors"):
        return False
    return stats is None or bool(stats.get("failures", {}).get(data["host"]))


def _waiting(events: Sequence[Event], incomparable: Set[tuple[str, str]], hiding: Set[str]) -> Set[tuple[str, str]]:
    """Return the tasks that failed after something on their host that an apply does and the rehearsal did not.

    Args:
        events: ansible-runner's events, in order.
        incomparable: tasks that were not rehearsed, or depend on such a task.
        hiding: hosts on which a task changed something without saying so.
    """
    pending, found = set[str](), set[tuple[str, str]]()
    for event in (each for each in events if each["event"] in _ENDS):
        data = data_of(event)
        is_pending = task_of(data) in incomparable or _would_change(event, hiding)
        if event["event"] == "runner_on_failed" and (is_pending or data["host"] in pending):
            found.add(task_of(data))
        if is_pending:
            pending.add(str(data["host"]))
    return found


def _would_change(event: Event, hiding: Set[str]) -> bool:
    """Tell whether a task changed something in the rehearsal; of a failed loop, whether an earlier item did."""
    if event["event"] == "runner_on_failed":
        items = (data_of(event).get("res") or {}).get("results")
        before = takewhile(lambda item: not item.get("failed"), items) if isinstance(items, list) else ()
        return any(item.get("changed") for item in before)
    return bool(changed_results(event)) or (_is_hidden(event) and data_of(event)["host"] in hiding)


def _is_ignored(event: Event, rescued: Set[tuple[str, str]]) -> bool:
    data = data_of(event)
    return event["event"] == "runner_on_failed" and bool(data.get("ignore_errors") or task_of(data) in rescued)


def _is_unreachable(event: Event, stats: Mapping[str, Any] | None) -> bool:
    """Tell whether an unreachable host counts. With `ignore_unreachable` it does not, and the stats omit it."""
    if event["event"] != "runner_on_unreachable":
        return False
    return stats is None or bool(stats.get("dark", {}).get(data_of(event)["host"]))


def _is_hidden(event: Event) -> bool:
    """Tell whether a task succeeded without saying whether it changed something."""
    result = data_of(event).get("res") or {}
    return event["event"] == "runner_on_ok" and "changed" not in result


def _has_hidden(host: str, done: Sequence[Event], stats: Mapping[str, Any] | None) -> bool:
    told = sum(bool((data_of(e).get("res") or {}).get("changed")) for e in done if data_of(e)["host"] == host)
    return stats is not None and int(stats.get("changed", {}).get(host, 0)) > told
