"""Drift is what somebody did: not what differed right after the apply."""

from __future__ import annotations

from tasks.domain.plan import Action, Change
from tasks.engines.kubernetes_plans import unsettled

INJECTED = Change("Deployment/shop/cart", "apps/v1/Deployment", Action.UPDATE, {"a": 1}, {"a": 2})
EDITED = Change("Deployment/shop/cart", "apps/v1/Deployment", Action.UPDATE, {"a": 1}, {"a": 3})


def test_what_differed_right_after_the_apply_is_left_out() -> None:
    assert unsettled([INJECTED], [INJECTED]) == ()


def test_what_differs_otherwise_than_right_after_the_apply_is_drift() -> None:
    assert unsettled([EDITED], [INJECTED]) == (EDITED,)
