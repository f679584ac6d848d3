"""What the receiver says of the Prefect server that it starts runs at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployments.github.inbox import Inbox
from deployments.github.receiver import create_app
from deployments.github.schedules import Watch
from deployments.github.settings import ReceiverSettings
from deployments.services import READY, ServiceHealth
from tasks.domain.errors import Unanswered
from tests.doubles.deliveries import SECRET, AppClient, home


def health(inbox: Inbox, prefect: Callable[[], ServiceHealth], trouble: str = "") -> tuple[str, str]:
    settings = ReceiverSettings.model_validate({"webhook_secret": SECRET})
    app = create_app(settings, home(inbox), inbox, trouble=lambda: trouble, prefect=prefect)
    found = AppClient(app).get("/health").json()
    return found["status"], found["reason"]


@pytest.mark.parametrize(
    ("finding", "trouble", "said"),
    [
        (READY, "", ("ok", "")),
        (ServiceHealth("starting", "nothing planned yet"), "", ("starting", "nothing planned yet")),
        (ServiceHealth("fails", "no runs planned"), "", ("troubled", "no runs planned")),
        (ServiceHealth("fails", "no runs planned"), "no deployment", ("troubled", "no deployment; no runs planned")),
        (READY, "no deployment", ("troubled", "no deployment")),
    ],
)
def test_health_is_not_ok_unless_prefect_is_ready(
    inbox: Inbox, finding: ServiceHealth, trouble: str, said: tuple[str, str]
) -> None:
    assert health(inbox, lambda: finding, trouble) == said


def test_before_prefect_was_asked_it_is_not_called_ready() -> None:
    watch = Watch(lambda _: READY)
    assert watch.health.state == "starting"
    watch.once()
    assert watch.health == READY


def test_a_prefect_that_was_away_is_given_time_again() -> None:
    asked: list[float] = []
    time, away = 100.0, True

    def judge(since: float) -> ServiceHealth:
        asked.append(since)
        if away:
            raise Unanswered("nobody is there")
        return READY

    watch = Watch(judge, lambda: time)
    time = 200.0
    watch.once()
    assert (watch.health.state, "nobody is there" in watch.health.reason) == ("fails", True)
    time, away = 300.0, False
    watch.once()
    assert (watch.health, asked) == (READY, [100.0, 200.0])
