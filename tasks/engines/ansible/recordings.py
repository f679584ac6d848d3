"""What our callback plugin (`callbacks/flowmart_rehearsal.py`) records of a run, and what it means. Pure.

It records which tasks check mode skipped, and which names a task registers and mentions. What mentions a name that an
unrehearsed task registers would do something else in earnest: it is not comparable, and so is what mentions what that
one registers. Nor is what comes after an unrehearsed task in a block with a `rescue`: when that task fails, it is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
"""One recorded line: a task on a host, a play, or a value that a play asks for."""


def plays(lines: Iterable[Line]) -> int:
    """How many plays there were."""
    return sum(line["event"] == "play" for line in lines)


def unanswered_questions(lines: Iterable[Line]) -> tuple[str, ...]:
    """The variables that plays ask for (`vars_prompt`), and that have no value and no default."""
    return tuple(dict.fromkeys(each["name"] for each in lines if each["event"] == "asks" and not each["has_default"]))


def without_hosts(lines: Iterable[Line]) -> tuple[str, ...]:
    """The plays that matched no host, in words: their names and what they are written for.

    Not those after a task that makes groups: which of these have hosts is for the hosts to say.
    """
    found, play = [], ""
    for line in lines:
        if line.get("makes_groups"):
            break
        if line["event"] == "play":
            play = f"play {line['name']} (hosts: {line['pattern'].strip('[]')})"
        if line["event"] == "no hosts":
            found.append(play)
    return tuple(found)


def dependent(tasks: Sequence[Line]) -> list[Line]:
    """The tasks that mention what an unrehearsed task registers, directly or through another one, or that it skips.

    What is registered `everywhere`, as by `run_once`, every host has; `hostvars` reaches what any other one has.
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
