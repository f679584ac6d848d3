"""What a tool reports right after a good apply is not drift, and fails no rollback."""

from __future__ import annotations

from dataclasses import replace

from tasks.domain.plan import Action, Change
from tasks.domain.residual import differences_beyond, drift_beyond
from tasks.domain.values import UNKNOWN

RESIZED = Change("a.b", "a", Action.UPDATE, {"size": 1}, {"size": 2})
INJECTED = Change("Pod/shop/cart", "v1/Pod", Action.CREATE, None, {"name": "cart"})
ALWAYS = Change("a.always", "a", Action.REPLACE, {"id": "1", "t": "now"}, {"id": UNKNOWN, "t": UNKNOWN})
AGAIN = replace(ALWAYS, before={"id": "2", "t": "later"})


def test_drift_is_residual_only_with_the_same_values() -> None:
    changed = replace(RESIZED, after={"size": 3})
    assert drift_beyond([RESIZED], [RESIZED, changed]) == (changed,)


def test_where_nothing_is_residual_all_of_it_is_drift() -> None:
    assert drift_beyond([], [RESIZED, INJECTED]) == (RESIZED, INJECTED)


def test_a_residual_difference_fails_no_verification_whatever_its_values_are() -> None:
    assert differences_beyond([ALWAYS], [AGAIN, RESIZED]) == (RESIZED,)


def test_what_was_seen_as_drift_is_known_as_what_is_still_to_do() -> None:
    assert differences_beyond([INJECTED], [INJECTED.reversed]) == ()


def test_another_action_on_a_residual_object_fails_the_verification() -> None:
    deleted = replace(AGAIN, action=Action.DELETE)
    assert differences_beyond([ALWAYS], [deleted]) == (deleted,)
