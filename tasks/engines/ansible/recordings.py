"""Interpret what our callback plugin (`callbacks/flowmart_rehearsal.py`) records of a run. Pure.

The plugin records which tasks check mode skipped, and which names each task registers and mentions. A task that
mentions a name registered by an unrehearsed task may act differently in an apply, so it cannot be compared. The same
holds for tasks that mention its names in turn. It also holds for tasks after an unrehearsed task in a block with a
`rescue`: if the unrehearsed task fails, they are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
            play = f"play {line['name']} (hosts: {line['pattern'].strip('[]')})"
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
