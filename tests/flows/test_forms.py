"""What comes of a form that was sent without what it asks for: a worker gets the run as the form left it."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow

from flows.approval import approve
from flows.plan import plan
from flows.promote import promote
from flows.release import release
from tasks.domain.errors import InvalidInput
from tests.platforms.mini import MiniPlatform


def send(flow: Flow[..., Any], sent: dict[str, str]) -> None:
    """Run a flow as a worker does, with what a form sent."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(flow, parameters=sent)
    run_flow(flow, flow_run=run)


@pytest.mark.parametrize(
    ("flow", "sent", "says"),
    [
        (promote, {"environment": "dev"}, "release: none was chosen; `flowmart release list` lists all"),
        (plan, {"environment": "dev"}, "release: none was chosen; `flowmart release list` lists all"),
        (promote, {}, "release: none was chosen; `flowmart release list` lists all"),
        (release, {}, "release: none was chosen; `flowmart release list` lists all"),
        (approve, {}, "name: it is empty; enter who decides, which is recorded with the decision"),
        (approve, {"name": "anna"}, "digest: none was chosen; waiting: nothing"),
        (approve, {"name": "anna", "digest": " "}, "digest: none was chosen; waiting: nothing"),
    ],
)
def test_what_it_was_sent_without_is_named(
    mini: MiniPlatform, flow: Flow[..., Any], sent: dict[str, str], says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        send(flow, sent)
    assert str(refused.value) == says


def test_an_environment_is_not_guessed(mini: MiniPlatform) -> None:
    sent = {"release": mini.release().id}
    with pytest.raises(InvalidInput, match=r"environment \(none was chosen\): release .* has dev, staging"):
        send(plan, sent)
    with pytest.raises(InvalidInput, match="environment: none was chosen"):
        send(promote, sent)
