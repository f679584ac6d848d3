"""Put the results of a run into one order, whichever host was faster. Pure.

Ansible works on several hosts at once and reports each result when it arrives. People approve the digest of a plan,
so two rehearsals with the same results must give the same plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
_Step = tuple[str, int]
"""A task, and how many times its host ran it before: a handler may run several times."""


def in_order(found: Sequence[T], task_of: Callable[[T], tuple[str, str]]) -> list[T]:
    """Return results in the order of their tasks and, for each task, by host name.

    Args:
        found: the results, in the order in which they arrived.
        task_of: returns a result's host and the id of its task.
    """
    by_host = defaultdict[str, list[tuple[_Step, T]]](list)
    for result in found:
        host, task = task_of(result)
        by_host[host].append(((task, sum(step[0] == task for step, _ in by_host[host])), result))
    ranks = _ranks({host: [step for step, _ in by_host[host]] for host in sorted(by_host)})
    placed = [(ranks[step], host, result) for host in sorted(by_host) for step, result in by_host[host]]
    return [result for _, _, result in sorted(placed, key=lambda each: each[:2])]


def _ranks(steps: Mapping[str, Sequence[_Step]]) -> dict[_Step, int]:
    """Return a rank for each step that is higher than those of the steps before it on every host.

    Two hosts may run two steps in different orders, if one of them is a handler. So the passes are limited.
    """
    ranks = defaultdict[_Step, int](int)
    for _ in steps:
        for each in steps.values():
            rank = 0
            for step in each:
                rank = ranks[step] = max(rank + 1, ranks[step])
    return ranks
