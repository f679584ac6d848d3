"""Where a person has to approve: the plans by their digest, and nothing else than what was approved."""

import re

import pytest

from flows.promote import promote
from tasks.errors import Refused
from tasks.history import History
from tests.flows.test_promote import colours, kinds
from tests.mini import PLATFORM, MiniPlatform


@pytest.fixture
def gated(mini: MiniPlatform) -> MiniPlatform:
    mini.write("platform.yaml", PLATFORM.replace("region: eu-west-1}", "region: eu-west-1, gate: approval}", 1))
    return mini


def wanted(release: str) -> str:
    """Promote without an approval; the digest that the refusal asks for."""
    with pytest.raises(Refused, match="wants an approval") as refused:
        promote(release, "dev")
    digest = re.search(r"--approve ([0-9a-f]{12})", str(refused.value))
    assert digest
    return digest[1]


def test_nothing_is_applied_before_it_is_approved(gated: MiniPlatform, history: History) -> None:
    wanted(gated.release().id)
    assert kinds(history, "dev") == ["claimed", "planned first", "approval_wanted", "closed"]
    assert colours(gated, "dev") == {}


def test_what_was_asked_for_can_be_approved(gated: MiniPlatform, history: History) -> None:
    release = gated.release().id
    promote(release, "dev", approve=wanted(release))
    assert history.standing("dev").verified == release
    assert kinds(history, "dev", "approved") == ["approved"]


def test_an_approval_is_void_when_the_plans_change(gated: MiniPlatform, history: History) -> None:
    approved = wanted(gated.release().id)
    gated.paint("dev", "green")
    with pytest.raises(Refused, match="What was approved is not what would be applied now"):
        promote(gated.release().id, "dev", approve=approved)
    assert colours(gated, "dev") == {}


def test_a_unit_that_would_do_something_else_on_the_way_is_not_applied(gated: MiniPlatform, history: History) -> None:
    first = gated.release().id
    promote(first, "dev", approve=wanted(first))
    gated.paint("dev", "green")
    second = gated.release().id
    with pytest.raises(Refused, match="what would be applied now is not what was approved"):
        promote(second, "dev", approve=wanted(second))
    assert colours(gated, "dev") == {"first": "blue", "second": "blue"}
