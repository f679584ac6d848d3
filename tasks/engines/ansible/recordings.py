"""Interpret what our callback plugin (`callbacks/flowmart_rehearsal.py`) records of a run. Pure.

The plugin records which tasks check mode skipped, and which names each task registers and mentions. A task that
mentions a name registered by an unrehearsed task may act differently in an apply, so it cannot be compared. The same
holds for tasks that mention its names in turn. It also holds for tasks after an unrehearsed task in a block with a
`rescue`: if the unrehearsed task fails, they are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from tasks.engines.ansible.events import task_of

Line = Mapping[str, Any]
"""One recorded line: a task on a host, a play, or a value that a play prompts for."""


def plays(lines: Iterable[Line]) -> int:
    """Return how many plays the run recorded."""
    return sum(line["event"] == "play" for line in lines)


def unanswered_questions(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return the variables that plays prompt for (`vars_prompt`) and that have neither a value nor a default."""
    return tuple(dict.fromkeys(each["name"] for each in lines if each["event"] == "asks" and not each["has_default"]))


def without_hosts(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return the plays that match no host, in words: their names and their patterns of hosts.

    Plays after a task that made groups, or that may make some when applied, are left out.
    """
    return tuple(play for play, may_be_made, _ in _unmatched(lines) if not may_be_made)


def perhaps_without_hosts(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return the plays that match no host in the rehearsal, and for which an apply may make a group with hosts."""
    return tuple(play for play, may_be_made, is_certain in _unmatched(lines) if may_be_made and not is_certain)


def not_reached(lines: Sequence[Line], failed: Set[tuple[str, str]]) -> tuple[str, ...]:
    """Return the plays, or the hosts of plays, that a rehearsal did not get to because of a failure, in words.

    Ansible ends the playbook if all hosts of a play or batch failed. `any_errors_fatal` and `max_fail_percentage` end
    a play for hosts that did not fail.

    Args:
        lines: what the plugin recorded, in order of time.
        failed: the tasks, with their hosts, whose failure is neither ignored nor rescued.
    """
    batches = list(_batches(lines))
    if not failed or not batches:
        return ()
    declared = next((line["plays"] for line in lines if line["event"] == "plays"), ())
    begun = {batch.play["id"] for batch in batches}
    after = [f"{_play(play)}: is not rehearsed; {_ENDED}" for play in declared if play["id"] not in begun]
    return (*(told for batch in batches for told in batch.ended(failed)), *_left(batches), *after)


_ENDED = "the failure ends the rehearsal"


@dataclass
class _Batch:
    """The hosts that a play was started on at once, and the lines of their tasks."""

    play: Line
    lines: list[Line] = field(default_factory=list)

    def ended(self, failed: Set[tuple[str, str]]) -> Iterator[str]:
        """Yield, in words, the hosts for which the failure of others ended the play."""
        failing = [line for line in self.lines if line["event"] == "failed" and task_of(line) in failed]
        hosts = {line["host"] for line in failing}
        limit, others = self.play["max_fail_percentage"], sorted({*self.play["hosts"]} - hosts)
        is_too_much = limit is not None and 100 * len(hosts) / len(self.play["hosts"]) > float(limit)
        if failing and others and (is_too_much or any(line["ends_all"] for line in failing)):
            yield f"{_play(self.play)} on {', '.join(others)}: is not rehearsed to its end; {_ENDED}"


def _batches(lines: Iterable[Line]) -> Iterator[_Batch]:
    batch = None
    for line in lines:
        if line["event"] == "play" and "hosts" in line:
            if batch:
                yield batch
            batch = _Batch(line)
        elif batch and "host" in line:
            batch.lines.append(line)
    if batch:
        yield batch


def _left(batches: Sequence[_Batch]) -> Iterator[str]:
    """Yield, in words, the hosts of the last play on which it did not begin."""
    last = batches[-1].play
    begun = {host for batch in batches if batch.play["id"] == last["id"] for host in batch.play["hosts"]}
    if left := [host for host in last["all_hosts"] if host not in begun]:
        yield f"{_play(last)} on {', '.join(left)}: is not rehearsed; {_ENDED}"


def _play(line: Line) -> str:
    return f"play {line['name']} (hosts: {line['pattern'].strip('[]')})"


def _unmatched(lines: Iterable[Line]) -> Iterator[tuple[str, bool, bool]]:
    """Yield each play that matched no host, whether groups may be made before it, and whether that is certain.

    It is certain as long as an apply would do the same as the rehearsal: every earlier task was rehearsed, changed
    nothing and did not fail. Until then, a task that was skipped makes no groups.
    """
    play, may_be_made, is_certain = "", False, True
    for line in lines:
        is_certain &= line.get("rehearsed", True) and not line.get("changed") and line["event"] != "failed"
        may_be_made |= bool(line.get("makes_groups")) and not (line["event"] == "skipped" and is_certain)
        if line["event"] == "play":
            play = _play(line)
        if line["event"] == "no hosts":
            yield play, may_be_made, is_certain


def dependent(tasks: Sequence[Line]) -> list[Line]:
    """Return the tasks that depend on an unrehearsed task.

    They mention a name that it registers, directly or through other tasks, or its failure would skip them. A name
    registered `everywhere`, as by `run_once`, belongs to every host; `hostvars` reaches the names of all hosts.
    """
    tainted = {line["host"]: set[str]() for line in tasks}
    found = []
    for line in tasks:
        own = tainted[line["host"]]
        known = set[str]().union(*tainted.values()) if "hostvars" in line["names"] else own
        depends = not known.isdisjoint([*line["names"], *line["rescued_by"]])
        if depends:
            found.append(line)
        if depends or not line["rehearsed"]:
            for each in tainted.values() if line["everywhere"] else [own]:
                each.update(line["registers"])
        if not line["rehearsed"]:
            own.update(line["rescued_by"])
    return found
