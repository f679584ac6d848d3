"""Interpret what our callback plugin (`callbacks/flowmart_rehearsal.py`) records of a run. Pure.

The plugin records which tasks check mode skipped, and which names each task registers and mentions. A task that
mentions a name registered by an unrehearsed task may act differently in an apply, so it cannot be compared. The same
holds for tasks that mention its names in turn. It also holds for tasks after an unrehearsed task in a block with a
`rescue`: if the unrehearsed task fails, they are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Return the plays that matched no host, in words: their names and their patterns of hosts.

    Plays after a task that made groups are left out: only the hosts tell which of these groups are empty. A task that
    was skipped made none, unless an earlier one could not be rehearsed, which may have been the reason.
    """
    found, play, certain = [], "", True
    for line in lines:
        certain &= line.get("rehearsed", True)
        if line.get("makes_groups") and not (line["event"] == "skipped" and certain):
            break
        if line["event"] == "play":
            play = f"play {line['name']} (hosts: {line['pattern'].strip('[]')})"
        if line["event"] == "no hosts":
            found.append(play)
    return tuple(found)


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
