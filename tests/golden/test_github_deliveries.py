"""Every one of GitHub's own examples gets a sensible answer (tests/golden/github/deliveries.md)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments.github.events import Intent, Refusal, Rules, decide
from deployments.github.inbox import Inbox
from deployments.github.receiver import create_app
from deployments.github.settings import ReceiverSettings
from tests.doubles.deliveries import REPOSITORY, SECRET, AppClient, encoded, examples, headers, home, real

EVENTS = sorted(examples())


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox.sqlite")
    yield made
    made.close()


def repository_of(payload: Mapping[str, Any]) -> str:
    """The repository of an example; events of organizations and apps have none."""
    return str(payload["repository"]["full_name"]) if "repository" in payload else REPOSITORY


@pytest.mark.parametrize("event", EVENTS)
def test_every_example_gets_a_sensible_answer(inbox: Inbox, event: str) -> None:
    settings = ReceiverSettings.model_validate({"webhook_secret": SECRET})
    for payload in real(event):
        body = encoded(payload)
        client = AppClient(create_app(settings, home(inbox, repository_of(payload)), inbox))
        answer = client.post(body, headers(event, body))
        assert answer.status_code == (200 if event == "ping" else 202), answer.text
        assert answer.json()["state"] in ("received", "ignored"), answer.text


def test_the_examples_ask_for_what_they_should() -> None:
    decisions = [decide(event, payload, Rules(repository_of(payload))) for event in EVENTS for payload in real(event)]
    assert len(decisions) == 329
    assert not [decision for decision in decisions if isinstance(decision, Refusal)]
    assert Counter(decision.deployment for decision in decisions if isinstance(decision, Intent)) == {
        # opened 4, ready for review 3, reopened 2, pushed to 1
        "pull-request/flowmart": 10,
        "deliver/flowmart": 2,
        # None of the three reviews approves.
        "merge-group/flowmart": 2,
    }
