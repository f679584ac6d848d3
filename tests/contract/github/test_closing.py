"""What a run that is over left open on GitHub is ended, and nothing else."""

import pytest

from tasks.github import check_runs, closing, comments, deployments, pull_report, statuses, text
from tasks.github.client import Client
from tasks.github.deployments import Deployment
from tasks.github.repositories import OnGitHub, Repository
from tests.doubles.github_stub import GitHubStub

REPOSITORY = "flowmart/infrastructure"
SHA = "a" * 40
RUN, OTHER = "run-1", "run-2"
WHY = "The run ended before it was done (Crashed)."


def at(run: str) -> str:
    return f"https://prefect.example/runs/{run}"


@pytest.fixture
def home(client: Client) -> OnGitHub:
    return OnGitHub(client, Repository(REPOSITORY, 4711, "main"), "flowmart", RUN, at(RUN))


def planning(home: OnGitHub, run: str, environment: str) -> int:
    """What a run leaves open that is killed while it plans."""
    context = statuses.context("flowmart", environment)
    statuses.set_status(home.client, REPOSITORY, SHA, context, "pending", "being planned", at(run))
    return check_runs.begin(home.client, REPOSITORY, "flowmart", SHA, at(run), run)


def test_a_run_that_was_killed_while_it_planned(home: OnGitHub, github: GitHubStub) -> None:
    ours, theirs = planning(home, RUN, "dev"), planning(home, OTHER, "staging")
    assert closing.close(home, {"number": 1, "sha": SHA}, WHY) == 3
    state = github.state
    assert (state.check_runs[ours]["status"], state.check_runs[ours]["conclusion"]) == (
        "completed",
        "action_required",
    )
    assert WHY in state.check_runs[ours]["output"]["summary"]
    assert state.check_runs[theirs]["status"] == "in_progress"
    assert state.status("flowmart/dev")[-1] == ("error", WHY)
    assert state.status("flowmart/staging")[-1][0] == "pending"
    # Branch protection waits for it, and the run never came so far.
    assert state.status("flowmart/release") == [("error", WHY)]
    assert closing.close(home, {"number": 1, "sha": SHA}, WHY) == 0


def test_what_a_run_has_ended_itself_stays(home: OnGitHub, github: GitHubStub) -> None:
    for about, state in (("release", "success"), ("dev", "failure")):
        statuses.set_status(home.client, REPOSITORY, SHA, f"flowmart/{about}", state, "itself", at(RUN))  # type: ignore[arg-type]
    assert closing.close(home, {"number": 1, "sha": SHA}, WHY) == 0
    assert [one["description"] for one in github.state.statuses] == ["itself", "itself"]


def test_a_status_of_another_platform_is_not_ours(home: OnGitHub, github: GitHubStub) -> None:
    for context in ("flowmart/release", "shop/dev"):
        statuses.set_status(home.client, REPOSITORY, SHA, context, "pending", "", "")
    closing.close(home, {"sha": SHA}, WHY)
    assert github.state.status("flowmart/release")[-1][0] == "error"
    assert github.state.status("shop/dev")[-1][0] == "pending"


def test_a_deployment_that_nobody_ends_any_more(home: OnGitHub, github: GitHubStub) -> None:
    for run, environment in ((RUN, "dev"), (OTHER, "staging")):
        made = Deployment(REPOSITORY, "flowmart", environment, SHA, "r1", at(run), run=run)
        deployments.begin(home.client, made)
    closing.close(home, {}, WHY)
    assert github.state.deployed("dev")[0][-1] == ("error", WHY)
    assert github.state.deployed("staging")[0][-1][0] == "in_progress"


def test_a_command_that_was_read_is_answered_once(home: OnGitHub, github: GitHubStub) -> None:
    comment = github.state.comment(1, "/flowmart promote dev", by="anna")
    comments.react(home.client, REPOSITORY, comment, "eyes")
    for _ in range(2):
        closing.close(home, {"number": 1, "comment": comment}, WHY)
    _, answer = github.state.bodies(1)
    assert WHY in answer


def test_a_command_that_was_ignored_stays_without_an_answer(home: OnGitHub, github: GitHubStub) -> None:
    comment = github.state.comment(1, "/flowmart promote dev", by="mallory")
    closing.close(home, {"number": 1, "comment": comment}, WHY)
    assert len(github.state.bodies(1)) == 1


def test_a_command_that_was_answered_is_not_answered_again(home: OnGitHub, github: GitHubStub) -> None:
    comment = github.state.comment(1, "/flowmart promote dev", by="anna")
    comments.react(home.client, REPOSITORY, comment, "eyes")
    marker = text.marker("flowmart", closing.answer_to(comment))
    comments.reply(home.client, REPOSITORY, 1, marker, "done")
    closing.close(home, {"number": 1, "comment": comment}, WHY)
    assert len(github.state.bodies(1)) == 2


# --- what a run that breaks off says itself ---


def broken_off(home: OnGitHub, error: BaseException) -> None:
    """The work on a commit, ended in the middle."""
    with pull_report.begun(home, SHA, 1) as report:
        report.released("r1")
        report.pending("dev")
        raise error


@pytest.mark.parametrize("error", [RuntimeError("a symlink too many"), KeyboardInterrupt(), SystemExit(143)])
def test_whatever_ends_the_work_on_a_commit_ends_what_is_shown(
    home: OnGitHub, github: GitHubStub, error: BaseException
) -> None:
    github.state.open_pull(1, SHA)
    with pytest.raises(type(error)):
        broken_off(home, error)
    (run,) = github.state.check_runs.values()
    assert (run["conclusion"], run["external_id"]) == ("action_required", RUN)
    assert github.state.status("flowmart/release") == [("success", "release r1")]
    state, said = github.state.status("flowmart/dev")[-1]
    assert (state, type(error).__name__ in said) == ("error", True)
    assert "The run ended before it was done" in github.state.bodies(1)[0]


def test_a_commit_of_a_merge_queue_has_no_comment(home: OnGitHub, github: GitHubStub) -> None:
    with pull_report.begun(home, SHA) as report:
        report.released("r1")
        report.conclude("r1", [], ())
    (run,) = github.state.check_runs.values()
    assert (run["conclusion"], run["head_sha"]) == ("success", SHA)
    assert github.state.comments == {}
