"""Real tools, real APIs, and a network between them that loses requests and answers: no good release is rejected."""

from __future__ import annotations

import pytest

from tasks.promotion.runtime import compose
from tests.faults.platform import FaultyPlatform, Network
from tests.faults.promoting import ENVIRONMENT, VERIFIED, promote

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("share", [0.05, 0.2], ids=lambda share: f"{share:.0%}")
def test_no_good_release_is_rejected_and_the_ledger_says_what_happened(
    shop: FaultyPlatform, network: Network, share: float
) -> None:
    made = [promote(shop, network, number, share, most=1) for number in range(3)]
    assert [one.wrong for one in made] == [[], [], []]
    assert [one.attempts[-1] for one in made] == [VERIFIED] * 3
    assert all(one.faults for one in made)
    ledger = compose(shop.settings).ledger()
    assert ledger.state(ENVIRONMENT).past.verified_releases == tuple(one.release for one in made)
    assert "rejected" not in [entry.kind for entry in ledger.entries(ENVIRONMENT)]
