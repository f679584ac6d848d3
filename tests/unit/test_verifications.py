"""A rollback follows what was verified in an environment in order, the last time and not the first."""

import pytest

from tasks.domain.errors import InvalidInput
from tasks.ledger.verifications import earlier, rollback_target

TARGETS = [
    ("the one before", "AB", "B", "", "A"),
    ("a revert goes back to what it replaced", "ABA", "A", "", "B"),
    ("an early release that came back goes to the last one before", "ABCDA", "A", "", "D"),
    ("going back twice goes back twice", "ABCDC", "C", "D", "B"),
    ("going back three times", "ABCDCB", "B", "DC", "A"),
    ("going back twice over a release that came back", "ABACA", "A", "C", "B"),
    ("a rejected release is passed over", "ABC", "C", "B", "A"),
    ("a release that was repaired is there to go back to again", "ABCDCDE", "E", "", "D"),
    ("verified again without a change", "ABB", "B", "", "A"),
    ("half a promotion of a new release", "AB", "C", "", "B"),
    ("half a promotion of an old release", "ABC", "A", "", "C"),
]


@pytest.mark.parametrize(
    ("verified", "current", "rejected", "target"), [case[1:] for case in TARGETS], ids=[case[0] for case in TARGETS]
)
def test_a_rollback_without_a_release_goes_to(verified: str, current: str, rejected: str, target: str) -> None:
    assert rollback_target("dev", list(verified), current, set(rejected)) == target


@pytest.mark.parametrize(
    ("verified", "current", "rejected"), [("A", "A", ""), ("AA", "A", ""), ("AB", "B", "A"), ("ABAB", "B", "A")]
)
def test_without_an_earlier_good_release_a_rollback_is_refused(verified: str, current: str, rejected: str) -> None:
    with pytest.raises(InvalidInput, match=f"dev: no release to roll back to; only {current}"):
        rollback_target("dev", list(verified), current, set(rejected))


@pytest.mark.parametrize("to", ["A", "B", "C"])
def test_a_chosen_release_may_be_any_that_was_verified_even_a_rejected_one(to: str) -> None:
    assert rollback_target("dev", list("ABCD"), "D", {"C"}, to) == to


def test_a_revert_can_be_rolled_back_by_name() -> None:
    assert rollback_target("dev", list("ABA"), "A", set(), "B") == "B"


@pytest.mark.parametrize("to", ["B", "X"])
def test_neither_the_current_release_nor_an_unknown_one_can_be_chosen(to: str) -> None:
    with pytest.raises(InvalidInput, match=f"{to} was not verified here before B; choose one of: A"):
        rollback_target("dev", list("AB"), "B", set(), to)


def test_the_last_one_comes_first_and_each_once() -> None:
    assert earlier(list("ABACB"), "B") == ("C", "A")
