"""Whatever strangers send: they are told what is wrong with it, and nothing is started."""

import pytest

from deployments.github.inbox import Inbox
from deployments.github.receiver import create_app
from deployments.github.settings import ReceiverSettings
from tests.doubles import hostile
from tests.doubles.deliveries import SECRET, AppClient, home


@pytest.mark.parametrize("seed", range(4))
def test_hostile_deliveries_start_nothing_and_break_nothing(inbox: Inbox, seed: int) -> None:
    settings = ReceiverSettings.model_validate({"webhook_secret": SECRET})
    client = AppClient(create_app(settings, home(inbox), inbox))
    answers = [client.post(*delivery).status_code for delivery in hostile.deliveries(seed, 100)]
    assert max(answers) < 500
    assert {400, 401, 403, 422} <= set(answers)
    assert inbox.waiting() == []
