"""Every one of GitHub's own examples gets a sensible answer (tests/golden/github/deliveries.md)."""

from collections import Counter
from collections.abc import Iterator

import pytest

from deployments.github.events import Intent, Refusal, Rules, decide
from deployments.github.inbox import Inbox
from deployments.github.receiver import create_app
from deployments.github.settings import ReceiverSettings
from tests.deliveries import SECRET, AppClient, encoded, examples, headers, real

EVENTS = sorted(examples())
ALLOWED = sorted(
    {found["repository"]["full_name"].lower() for e in EVENTS for found in real(e) if "repository" in found}
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppClient]:
    inbox = Inbox(tmp_path_factory.mktemp("receiver") / "inbox.sqlite")
    settings = ReceiverSettings.model_validate({"webhook_secret": SECRET, "repositories": ",".join(ALLOWED)})
    yield AppClient(create_app(settings, inbox))
    inbox.close()


@pytest.mark.parametrize("event", EVENTS)
def test_every_example_gets_a_sensible_answer(client: AppClient, event: str) -> None:
    for payload in real(event):
        body = encoded(payload)
        answer = client.post(body, headers(event, body))
        assert answer.status_code == (200 if event == "ping" else 202), answer.text
        assert answer.json()["state"] in ("received", "ignored"), answer.text


def test_the_examples_ask_for_what_they_should() -> None:
    rules = Rules(frozenset(ALLOWED))
    decisions = [decide(event, payload, rules) for event in EVENTS for payload in real(event)]
    assert len(decisions) == 329
    assert not [decision for decision in decisions if isinstance(decision, Refusal)]
    assert Counter(decision.deployment for decision in decisions if isinstance(decision, Intent)) == {
        # opened 4, ready for review 3, reopened 2, pushed to 1
        "pull-request/flowmart": 10,
        "deliver/flowmart": 2,
        "review/flowmart": 3,
    }
