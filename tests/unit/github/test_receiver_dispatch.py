"""Deliveries become flow runs, one each, in order, whatever Prefect does meanwhile."""

import pytest

from deployments.github.dispatch import Dispatcher, Pauses
from deployments.github.events import Intent, Parameters, pull_request
from deployments.github.inbox import Inbox, State
from tasks.domain.errors import NotFound, Refused, Unanswered

PLAN = Intent("comment/flowmart", {"body": "/flowmart plan"})
REVIEW = Intent("review/flowmart", {"state": "approved"})


class FakeRuns:
    """Prefect's promise: a key has one run."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.parameters: list[Parameters] = []
        self.says: dict[str, Exception] = {}

    def start(self, deployment: str, parameters: Parameters, key: str) -> str:
        if deployment in self.says:
            raise self.says[deployment]
        if key not in self.keys:
            self.keys.append(key)
            self.parameters.append(parameters)
        return f"run-of-{key}"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def runs() -> FakeRuns:
    return FakeRuns()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dispatcher(inbox: Inbox, runs: FakeRuns, clock: Clock) -> Dispatcher:
    return Dispatcher(inbox, runs, 3600, Pauses(clock))


def receive(inbox: Inbox, **deliveries: Intent) -> None:
    for id, intent in deliveries.items():
        inbox.receive(id, "event", intent).result(10)


def test_runs_are_started_in_the_order_of_the_deliveries(
    inbox: Inbox, runs: FakeRuns, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=PLAN, b=REVIEW, c=PLAN)
    dispatcher.once()
    assert runs.keys == ["a", "b", "c"]
    assert runs.parameters == [PLAN.parameters, REVIEW.parameters, PLAN.parameters]
    assert inbox.counts() == {State.DISPATCHED: 3}
    assert inbox.find("b")[0].run == "run-of-b"


def test_while_prefect_is_down_everything_stays_and_then_goes_on_in_order(
    inbox: Inbox, runs: FakeRuns, clock: Clock, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=PLAN, b=REVIEW)
    runs.says = dict.fromkeys(("comment/flowmart", "review/flowmart"), Unanswered("Prefect: connection refused"))
    dispatcher.once()
    dispatcher.once()
    assert (inbox.find("a")[0].tries, inbox.find("b")[0].tries) == (1, 0)
    assert "connection refused" in dispatcher.trouble()
    runs.says.clear()
    clock.now += 60
    dispatcher.once()
    assert runs.keys == ["a", "b"]
    assert dispatcher.trouble() == ""


def test_a_missing_deployment_keeps_its_own_waiting_and_no_others(
    inbox: Inbox, runs: FakeRuns, clock: Clock, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=PLAN, b=REVIEW, c=PLAN)
    runs.says = {"comment/flowmart": NotFound("no deployment comment/flowmart")}
    dispatcher.once()
    assert runs.keys == ["b"]
    assert "no deployment comment/flowmart" in dispatcher.trouble()
    runs.says.clear()
    clock.now += 60
    dispatcher.once()
    assert runs.keys == ["b", "a", "c"]


def test_what_prefect_refuses_is_kept_as_failed_and_holds_nobody_up(
    inbox: Inbox, runs: FakeRuns, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=PLAN, b=REVIEW)
    runs.says = {"comment/flowmart": Refused("409 the parameters are wrong")}
    dispatcher.once()
    failed = inbox.find("a")[0]
    assert (failed.state, failed.reason, runs.keys) == (State.FAILED, "409 the parameters are wrong", ["b"])


def test_killed_between_starting_and_noting_it_starts_no_second_run(
    inbox: Inbox, runs: FakeRuns, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=PLAN)
    runs.start("comment/flowmart", PLAN.parameters, inbox.waiting()[0].key)
    dispatcher.once()
    assert runs.keys == ["a"]
    assert inbox.find("a")[0].state is State.DISPATCHED


def test_of_a_pull_request_that_was_pushed_to_only_the_last_head_is_planned(
    inbox: Inbox, runs: FakeRuns, dispatcher: Dispatcher
) -> None:
    receive(inbox, a=pull_request("flowmart/shop", 7, "a" * 40, 1), b=pull_request("flowmart/shop", 7, "b" * 40, 2))
    dispatcher.once()
    assert runs.keys == ["b"]


def test_a_pause_grows_up_to_a_minute_and_ends_with_success(clock: Clock) -> None:
    pauses = Pauses(clock)
    grown = [pauses.begin("Prefect") for _ in range(10)]
    assert all(
        0.75 * wanted <= got <= wanted for wanted, got in zip([1, 2, 4, 8, 16, 32, 60, 60], grown, strict=False)
    )
    assert list(pauses) == ["Prefect"]
    clock.now += 60
    assert (list(pauses), pauses.left("Prefect")) == ([], 0)
    pauses.end("Prefect")
    assert pauses.begin("Prefect") <= 1


def test_its_thread_starts_what_comes_and_ends_when_told(inbox: Inbox, runs: FakeRuns) -> None:
    dispatcher = Dispatcher(inbox, runs, 3600)
    dispatcher.start()
    receive(inbox, a=PLAN)
    dispatcher.wake()
    while inbox.waiting():
        pass
    dispatcher.stop()
    assert runs.keys == ["a"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dispatcher_that_ended_by_a_mistake_of_ours_says_so(inbox: Inbox, runs: FakeRuns) -> None:
    runs.says = {"comment/flowmart": ZeroDivisionError()}
    dispatcher = Dispatcher(inbox, runs, 3600)
    receive(inbox, a=PLAN)
    dispatcher.start()
    while not dispatcher.trouble():
        pass
    assert "ended unexpectedly" in dispatcher.trouble()


def test_what_there_is_an_objection_to_costs_no_run(inbox: Inbox, runs: FakeRuns) -> None:
    inbox.receive("a", "issue_comment", PLAN).result(10)
    Dispatcher(inbox, runs, 0, objection=lambda _: "mallory has no write access").once()
    (entry,) = inbox.find("a")
    assert (entry.state, entry.reason, runs.keys) == (State.IGNORED, "mallory has no write access", [])
