"""What GitHub could not deliver is found, once, and what is old is not news."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from deployments.github.asking import Attempt, Head
from deployments.github.events import pull_request as planned
from deployments.github.inbox import Inbox, State
from deployments.github.settings import ReceiverSettings
from deployments.github.sweep import Sweep
from tasks.domain.errors import Unanswered
from tasks.github.repositories import Repository
from tests.doubles.deliveries import REPOSITORY, SECRET, home, pull_request

ADDRESS = "https://flowmart.example/github/webhook"
NOW = 1_800_000_000.0
HOUR = 3600.0
OLD, NEW = "a" * 40, "b" * 40


@dataclass
class FakeGitHub:
    """What GitHub knows about one repository."""

    attempted: list[Attempt] = field(default_factory=list)
    payloads: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    standing: list[Head] = field(default_factory=list)
    asked_since: list[float] = field(default_factory=list)
    is_down: bool = False

    def repository(self) -> Repository:
        return Repository(REPOSITORY, 4711, "main")

    def hooks(self, repository: str, address: str) -> Iterator[int]:
        return iter([1] if (repository, address) == (REPOSITORY, ADDRESS) else [])

    def attempts(self, _repository: str, _hook: int, since: float) -> Iterator[Attempt]:
        self.asked_since.append(since)
        return iter([attempt for attempt in self.attempted if attempt.at >= since])

    def payload(self, _repository: str, _hook: int, attempt: int) -> Mapping[str, Any]:
        return self.payloads[attempt]

    def heads(self, _repository: str, _branch: str) -> Iterator[Head]:
        if self.is_down:
            raise Unanswered("GitHub: 503")
        return iter(self.standing)


@pytest.fixture
def github() -> FakeGitHub:
    return FakeGitHub(standing=[Head(OLD, NOW - HOUR, branch="main"), Head(OLD, NOW - HOUR, number=7)])


@pytest.fixture
def sweep(inbox: Inbox, github: FakeGitHub) -> Sweep:
    settings = ReceiverSettings.model_validate({"webhook_secret": SECRET, "url": ADDRESS})
    return Sweep(inbox, github, settings, home(inbox), clock=lambda: NOW)


def test_what_was_there_before_the_receiver_starts_nothing(inbox: Inbox, sweep: Sweep) -> None:
    assert sweep.once() == 0
    assert [(entry.state, entry.head) for entry in inbox.newest()] == [(State.IGNORED, OLD)] * 2
    assert sweep.once() == 0
    assert len(inbox.newest()) == 2


def test_a_head_that_nobody_told_us_of_is_taken_up_once(inbox: Inbox, sweep: Sweep, github: FakeGitHub) -> None:
    sweep.once()
    github.standing = [Head(NEW, NOW - HOUR, branch="main"), Head(NEW, NOW - HOUR, number=7)]
    assert (sweep.once(), sweep.once()) == (2, 0)
    assert [entry.deployment for entry in inbox.waiting()] == ["deliver/flowmart", "pull-request/flowmart"]
    assert inbox.waiting()[1].parameters == {"repository": REPOSITORY, "number": 7, "sha": NEW}


def test_a_head_that_was_delivered_is_no_news(inbox: Inbox, sweep: Sweep, github: FakeGitHub) -> None:
    sweep.once()
    inbox.receive("delivered", "pull_request", planned(REPOSITORY, 7, NEW, NOW - HOUR)).result(10)
    github.standing = [Head(NEW, NOW - HOUR, number=7)]
    assert sweep.once() == 0


def test_a_branch_that_was_forced_back_is_delivered_again(inbox: Inbox, sweep: Sweep, github: FakeGitHub) -> None:
    started = [sweep.once()]
    for hours, sha in enumerate([NEW, OLD, NEW, OLD], start=1):
        github.standing = [Head(sha, NOW - HOUR + hours, branch="main"), Head(sha, NOW - HOUR + hours, number=7)]
        started += [sweep.once(), sweep.once()]
    assert started == [0, *[2, 0] * 4]
    assert [entry.parameters["sha"] for entry in inbox.waiting()] == [OLD, OLD]


def test_a_late_delivery_of_an_earlier_head_does_not_hide_the_present_one(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    sweep.once()
    inbox.receive("new", "pull_request", planned(REPOSITORY, 7, NEW, NOW - 120)).result(10)
    inbox.receive("late", "pull_request", planned(REPOSITORY, 7, OLD, NOW - 180)).result(10)
    github.standing = [Head(NEW, NOW - 120, number=7)]
    assert sweep.once() == 0
    assert [entry.parameters["sha"] for entry in inbox.waiting()] == [NEW]


def test_a_head_whose_delivery_may_be_on_its_way_is_left_to_the_next_sweep(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    sweep.once()
    github.standing = [Head(NEW, NOW - 5, number=7)]
    assert sweep.once() == 0
    assert not inbox.waiting()


def test_a_delivery_that_never_arrived_is_fetched_and_decided_as_if_it_had(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    sweep.once()
    github.attempted = [
        Attempt(13, "third", "pull_request", NOW - 5),
        Attempt(12, "second", "pull_request", NOW - 200),
        Attempt(11, "first", "pull_request", NOW - 300),
        Attempt(10, "first", "pull_request", NOW - 400),
    ]
    github.payloads = {number: pull_request(number, action="opened") for number in (10, 11, 12, 13)}
    assert (sweep.once(), sweep.once()) == (2, 0)
    assert [(entry.id, entry.parameters["number"]) for entry in inbox.waiting()] == [("first", 10), ("second", 12)]


def test_the_sweep_learns_the_number_by_which_a_renamed_repository_is_known(inbox: Inbox, sweep: Sweep) -> None:
    assert home(inbox).rules.number == 0
    sweep.once()
    assert home(inbox).rules.number == 4711


def test_a_missed_delivery_of_a_fork_is_refused_as_it_would_have_been(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    sweep.once()
    github.attempted = [Attempt(10, "first", "pull_request", NOW - 300)]
    github.payloads = {10: pull_request(head={"sha": NEW, "repo": {"full_name": "mallory/shop"}})}
    assert sweep.once() == 0
    assert inbox.find("first")[0].state is State.REFUSED


def test_deliveries_are_asked_for_from_the_last_sweep_on_and_three_days_back_at_most(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    for last in (NOW - 600, NOW - 30 * 24 * HOUR):
        inbox.sweep_done(REPOSITORY, last).result(10)
        sweep.once()
    assert github.asked_since == [NOW - 600 - HOUR, NOW - 3 * 24 * HOUR]


def test_when_github_does_not_answer_the_next_sweep_begins_where_the_last_one_did(
    inbox: Inbox, sweep: Sweep, github: FakeGitHub
) -> None:
    inbox.sweep_done(REPOSITORY, NOW - 600).result(10)
    github.is_down = True
    assert sweep.once() == 0
    assert inbox.swept(REPOSITORY) == NOW - 600
    assert sweep.trouble() == "flowmart/shop was not swept: GitHub: 503"
    github.is_down = False
    sweep.once()
    assert (inbox.swept(REPOSITORY), sweep.trouble()) == (NOW, "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_sweep_that_ended_by_a_mistake_of_ours_says_so(sweep: Sweep, github: FakeGitHub) -> None:
    github.standing = [None]  # type: ignore[list-item]
    sweep.start()
    while not sweep.trouble():
        pass
    assert "ended unexpectedly" in sweep.trouble()
