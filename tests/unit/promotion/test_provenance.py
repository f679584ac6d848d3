"""Whose a release is: the author of the commit that it was asked for with, each time that it is promoted."""

from __future__ import annotations

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Approval
from tasks.promotion import approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver
from tasks.releases import records
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.fakes import environment

BEN = Approver("ben", "command line", "host")


def asked(shop: Shop, release: str) -> Request:
    request = shop.promote(release)
    assert request is not None
    return request


@pytest.fixture
def gated(shop: Shop) -> Shop:
    """The shop, whose dev only takes what Anna or Ben approved."""
    shop.environments = (environment("dev", approval=Approval(("anna", "ben"), when=("always",))),)
    return shop


def test_a_claim_carries_the_record_and_the_origin_of_its_release(shop: Shop) -> None:
    release = shop.promoted("blue")
    state = shop.state()
    assert state.past.records == {release: records.digest(shop.releases.of(release).release)}
    assert state.past.origins[release].author == "Anna <anna@flowmart.example>"


def test_an_author_cannot_approve_a_release_that_they_bring_back(gated: Shop) -> None:
    release = gated.release("blue")
    gated.releases.author = "Ben <ben@flowmart.example>"
    with pytest.raises(Refused, match="ben is the author of blue"):
        approvals.approve(gated.runtime.ledger(), asked(gated, release).digest, BEN, gated.clock.now())


def test_an_approval_does_not_outlive_the_origin_that_it_was_given_for(gated: Shop) -> None:
    release = gated.release("blue")
    approvals.approve(gated.runtime.ledger(), asked(gated, release).digest, BEN, gated.clock.now())
    gated.releases.author = "Ben <ben@flowmart.example>"
    assert asked(gated, release).author == "Ben <ben@flowmart.example>"


def test_what_another_person_approved_is_applied(gated: Shop) -> None:
    release = gated.release("blue")
    approvals.approve(gated.runtime.ledger(), asked(gated, release).digest, BEN, gated.clock.now())
    assert gated.promote(release) is None
