"""Waiting: until something is so, until the time is up, through moments without an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tasks.cluster.waiting import Deadline
from tasks.domain.errors import Refused, Unanswered

LONG, OVER = 60.0, 0.0


def answers(*given: int | Exception) -> Callable[[], int]:
    """Answers one after the other; an exception is raised."""
    left: Iterator[int | Exception] = iter(given)

    def look() -> int:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return look


def test_the_first_good_finding_ends_the_wait() -> None:
    assert Deadline(LONG).poll(answers(1, 2), lambda found: found == 2) == 2


def test_the_last_finding_is_given_when_the_time_is_up() -> None:
    assert Deadline(OVER).poll(answers(1), lambda found: found == 2) == 1


def test_no_answer_is_asked_for_again_while_there_is_time() -> None:
    assert Deadline(LONG).poll(answers(Unanswered("away"), 2), lambda found: found == 2) == 2


def test_no_answer_when_the_time_is_up_is_no_answer() -> None:
    with pytest.raises(Unanswered, match="away"):
        Deadline(OVER).poll(answers(Unanswered("away")), bool)


def test_a_refusal_ends_the_wait_at_once() -> None:
    with pytest.raises(Refused):
        Deadline(LONG).poll(answers(Refused("may not"), 2), bool)
