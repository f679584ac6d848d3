"""What runs leave open on GitHub when they end is closed, once, and strangers cost nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.github.closing import Closing
from deployments.github.events import Intent, pull_request
from deployments.github.inbox import Inbox
from deployments.github.runs import Ending
from deployments.github.strangers import Strangers
from tasks.domain.errors import Unanswered
from tasks.github import check_runs
from tasks.github.client import Client
from tasks.github.repositories import OnGitHub, Repository
from tests.doubles.deliveries import home
from tests.doubles.github_stub import GitHubStub

REPOSITORY = "flowmart/infrastructure"
SHA = "a" * 40
KILLED = Ending(False, "The run ended before it was done (Crashed).")


class FakeRuns:
    """How runs ended, by id; one that is not in it goes on."""

    def __init__(self) -> None:
        self.endings: dict[str, Ending] = {}
        self.silent = False

    def ending(self, run: str) -> Ending | None:
        if self.silent:
            raise Unanswered("Prefect: no answer")
        return self.endings.get(run)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox.sqlite")
    yield made
    made.close()


@pytest.fixture
def runs() -> FakeRuns:
    return FakeRuns()


@pytest.fixture
def closing(client: Client, inbox: Inbox, runs: FakeRuns) -> Closing:
    found = Repository(REPOSITORY, 4711, "main")
    return Closing(inbox, runs, lambda run: OnGitHub(client, found, "flowmart", run))


@pytest.fixture
def check_run(client: Client, inbox: Inbox) -> int:
    """A pull request that a run plans."""
    inbox.receive("a", "pull_request", pull_request(REPOSITORY, 1, SHA, 1.0)).result(10)
    inbox.dispatched(inbox.waiting()[0], "run-1").result(10)
    return check_runs.begin(client, REPOSITORY, "flowmart", SHA, "", "run-1")


def test_a_run_that_was_killed_is_concluded(
    closing: Closing, github: GitHubStub, inbox: Inbox, runs: FakeRuns, check_run: int
) -> None:
    closing.once()
    assert github.state.check_runs[check_run]["status"] == "in_progress"
    runs.endings["run-1"] = KILLED
    closing.once()
    assert github.state.check_runs[check_run]["conclusion"] == "action_required"
    assert github.state.status("flowmart/release") == [("error", KILLED.why)]
    assert inbox.under_way() == []
    assert inbox.find("a")[0].reason == KILLED.why


def test_a_run_that_came_to_its_end_is_left_alone(
    closing: Closing, github: GitHubStub, inbox: Inbox, runs: FakeRuns, check_run: int
) -> None:
    runs.endings["run-1"] = Ending(True)
    closing.once()
    assert inbox.under_way() == []
    assert github.asked("PATCH") == []


def test_while_nobody_knows_how_it_ended_it_is_asked_again(
    closing: Closing, github: GitHubStub, inbox: Inbox, runs: FakeRuns, check_run: int
) -> None:
    runs.endings["run-1"], runs.silent = KILLED, True
    closing.once()
    assert (len(inbox.under_way()), closing.trouble()) == (1, "Prefect: no answer")
    runs.silent, github.down = False, True
    closing.once()
    assert len(inbox.under_way()) == 1
    github.down = False
    closing.once()
    assert (inbox.under_way(), closing.trouble()) == ([], "")
    assert github.state.check_runs[check_run]["status"] == "completed"


@pytest.mark.parametrize(("permission", "objection"), [("write", ""), ("read", "anna has no write access")])
def test_who_may_not_write_costs_no_run_and_one_question(
    client: Client,
    github: GitHubStub,
    inbox: Inbox,
    permission: str,
    objection: str,
) -> None:
    github.state.permissions["anna"] = permission
    strangers = Strangers(client, home(inbox, REPOSITORY))
    for number in range(20):
        command = Intent("comment/flowmart", {"comment": number}, once=f"comment-{number}", author="anna")
        inbox.receive(f"delivery-{number}", "issue_comment", command).result(10)
    assert {strangers.objection(entry) for entry in inbox.waiting()} == {objection}
    assert len(github.asked("GET")) == 1


def test_without_an_answer_the_flow_is_left_to_ask(client: Client, github: GitHubStub, inbox: Inbox) -> None:
    command = Intent("comment/flowmart", {"comment": 1}, once="comment-1", author="anna")
    inbox.receive("a", "issue_comment", command).result(10)
    github.down = True
    assert Strangers(client, home(inbox, REPOSITORY)).objection(inbox.waiting()[0]) == ""
