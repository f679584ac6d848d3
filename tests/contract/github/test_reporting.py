"""What is told on GitHub, and what GitHub then shows: comments, statuses, check runs, deployments, issues."""

import pytest

from tasks.domain.errors import Refused, RolledBack, Unanswered
from tasks.domain.outcome import Outcome
from tasks.github import check_runs, comments, deployments, issues, permissions, pulls, statuses, text
from tasks.github.best_effort import send
from tasks.github.check_runs import Annotation, Conclusion
from tasks.github.client import Client
from tasks.github.deployments import Deployment
from tests.doubles.github_stub import GitHubStub

REPOSITORY = "flowmart/infrastructure"
SHA = "a" * 40
URL = "https://prefect.example/runs/1"
MARKER = text.marker("flowmart", "plan")


# --- comments ---


def test_the_comment_is_made_once_and_then_kept_up_to_date(client: Client, github: GitHubStub) -> None:
    for said in ("first", "second", "third"):
        comments.keep(client, REPOSITORY, 1, MARKER, said)
    assert github.state.bodies(1) == ["<!-- flowmart:plan -->\nthird"]


def test_our_comment_is_found_behind_hundreds_of_others(client: Client, github: GitHubStub) -> None:
    for number in range(250):
        github.state.comment(1, f"talk {number}", by="anna")
    comments.keep(client, REPOSITORY, 1, MARKER, "first")
    comments.keep(client, REPOSITORY, 1, MARKER, "second")
    assert len(github.state.bodies(1)) == 251
    assert github.state.bodies(1)[-1].endswith("second")


def test_somebody_elses_comment_is_not_changed_whatever_it_claims_to_be(client: Client, github: GitHubStub) -> None:
    github.state.comment(1, "<!-- flowmart:plan -->\nforged", by="mallory")
    comments.keep(client, REPOSITORY, 1, MARKER, "true")
    assert github.state.bodies(1) == ["<!-- flowmart:plan -->\nforged", "<!-- flowmart:plan -->\ntrue"]


def test_a_comment_that_is_too_long_is_cut_to_what_github_takes(client: Client, github: GitHubStub) -> None:
    comments.keep(client, REPOSITORY, 1, MARKER, "a line\n" * 20_000)
    (body,) = github.state.bodies(1)
    assert 60_000 < len(body) <= 65_536
    assert body.endswith("*The rest does not fit here.*")


# --- statuses ---


def test_a_status_says_which_environment_and_where_it_says_more(client: Client, github: GitHubStub) -> None:
    statuses.set_status(client, REPOSITORY, SHA, "flowmart/dev", "pending", "being planned", URL)
    statuses.set_status(client, REPOSITORY, SHA, "flowmart/dev", "failure", "x" * 500, URL)
    assert github.state.status("flowmart/dev") == [("pending", "being planned"), ("failure", f"{'x' * 139}…")]
    assert {(status["sha"], status["target_url"]) for status in github.state.statuses} == {(SHA, URL)}


def test_a_run_without_an_address_is_not_linked(client: Client, github: GitHubStub) -> None:
    statuses.set_status(client, REPOSITORY, SHA, "flowmart/dev", "success", "", "")
    assert github.state.statuses[0]["target_url"] is None


# --- check runs ---


def annotation(number: int) -> Annotation:
    return Annotation("infrastructure/a.tf", number, "failure", "names", f"finding {number}")


def test_annotations_come_in_batches_and_none_is_lost(client: Client, github: GitHubStub) -> None:
    number = check_runs.begin(client, REPOSITORY, "flowmart", SHA, URL)
    found = Conclusion(Outcome.FAILED, "it said no", "a summary", [annotation(line) for line in range(1, 121)])
    check_runs.conclude(client, REPOSITORY, number, found)
    run = github.state.check_runs[number]
    assert [one["start_line"] for one in run["annotations"]] == list(range(1, 121))
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert len(github.asked("PATCH")) == 3


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [(Outcome.SUCCEEDED, "success"), (Outcome.FAILED, "failure"), (Outcome.UNANSWERED, "action_required")],
)
def test_no_answer_is_not_shown_as_a_no(client: Client, github: GitHubStub, outcome: Outcome, shown: str) -> None:
    number = check_runs.begin(client, REPOSITORY, "flowmart", SHA, "")
    check_runs.conclude(client, REPOSITORY, number, Conclusion(outcome, "title", "x" * 70_000))
    assert github.state.check_runs[number]["conclusion"] == shown


# --- deployments ---


def deployment(release: str, purpose: str = "promote") -> Deployment:
    return Deployment(REPOSITORY, "flowmart", "dev", SHA, release, URL, purpose)  # type: ignore[arg-type]


def test_a_deployment_is_shown_from_its_beginning_to_its_end(client: Client, github: GitHubStub) -> None:
    with deployments.shown(client, deployment("r1")):
        assert github.state.deployed("dev") == [[("in_progress", "promote r1")]]
    assert github.state.deployed("dev") == [[("in_progress", "promote r1"), ("success", "verified: r1")]]
    assert {s["log_url"] for found in github.state.deployment_statuses.values() for s in found} == {URL}


def test_what_was_there_before_is_inactive(client: Client, github: GitHubStub) -> None:
    for release in ("r1", "r2"):
        with deployments.shown(client, deployment(release)):
            pass
    first, second = github.state.deployed("dev")
    assert first[-1] == ("inactive", "replaced by r2")
    assert second[-1] == ("success", "verified: r2")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (RolledBack("smoke said no"), ("failure", "rolled back, rejected: smoke said no")),
        (Refused("denied by policy"), ("failure", "denied by policy")),
        (Unanswered("no network"), ("error", "no answer: no network")),
        (
            KeyboardInterrupt(),
            ("error", "the run ended before it was done; the next one recovers what it began"),
        ),
    ],
)
def test_a_deployment_that_failed_says_how_and_what_was_there_stays(
    client: Client, github: GitHubStub, error: BaseException, shown: tuple[str, str]
) -> None:
    with deployments.shown(client, deployment("r1")):
        pass
    with pytest.raises(type(error)), deployments.shown(client, deployment("r2")):
        raise error
    first, second = github.state.deployed("dev")
    assert (first[-1], second[-1]) == (("success", "verified: r1"), shown)


def test_going_back_says_what_became_of_the_release_that_was_left(client: Client, github: GitHubStub) -> None:
    with deployments.shown(client, deployment("r2")):
        pass
    with deployments.shown(client, deployment("r1", "roll back")):
        pass
    left, back = github.state.deployed("dev")
    assert left[-1] == ("inactive", "rolled back, rejected")
    assert back[-1] == ("success", "rolled back to r1")


def test_what_waits_for_an_approval_is_queued_until_it_is_taken_up_again(client: Client, github: GitHubStub) -> None:
    with deployments.shown(client, deployment("r1")) as say:
        say("queued", "dev waits for an approval")
    assert github.state.deployed("dev")[0][-1] == ("queued", "dev waits for an approval")
    with deployments.shown(client, deployment("r1")):
        pass
    assert [found[-1] for found in github.state.deployed("dev")] == [
        ("inactive", "taken up again"),
        ("success", "verified: r1"),
    ]


def test_that_github_is_down_stops_no_deployment(client: Client, github: GitHubStub) -> None:
    github.down = True
    with deployments.shown(client, deployment("r1")):
        done = True
    assert done
    assert github.state.deployments == {}


# --- courtesy ---


def test_what_got_no_answer_is_told_once_more(client: Client, github: GitHubStub) -> None:
    github.answer_next(502)
    send("a reply", lambda: comments.reply(client, REPOSITORY, 1, MARKER, "hello"))
    assert github.state.bodies(1) == [f"{MARKER}\nhello"]


def test_what_github_refuses_is_not_told_again_and_stops_nothing(client: Client, github: GitHubStub) -> None:
    github.answer_next(403, "Resource not accessible by personal access token")
    assert send("check run", lambda: check_runs.begin(client, REPOSITORY, "flowmart", SHA, URL)) is None
    assert len(github.asked("POST")) == 1


# --- permissions and pull requests ---


@pytest.mark.parametrize(
    ("permission", "may"), [("admin", True), ("write", True), ("read", False), ("none", False), (None, False)]
)
def test_only_who_may_write_may_command(
    client: Client, github: GitHubStub, permission: str | None, may: bool
) -> None:
    if permission:
        github.state.permissions["anna"] = permission
    assert permissions.may_write(client, REPOSITORY, "anna") is may


def test_that_github_does_not_answer_is_no_permission(client: Client, github: GitHubStub) -> None:
    github.down = True
    with pytest.raises(Unanswered):
        permissions.may_write(client, REPOSITORY, "anna")


def test_a_fork_is_refused(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, SHA, fork=True)
    with pytest.raises(Refused, match="comes from a fork"):
        pulls.refuse_fork(pulls.get(client, REPOSITORY, 1))


def test_a_fork_that_is_gone_is_still_a_fork(client: Client, github: GitHubStub) -> None:
    github.state.open_pull(1, SHA)
    del github.state.pulls[1]["head"]["repo"]
    assert pulls.get(client, REPOSITORY, 1).fork


# --- issues ---


def test_an_issue_is_opened_once_updated_and_closed_when_its_reason_is_gone(
    client: Client, github: GitHubStub
) -> None:
    for body in ("one thing", "one thing", "two things"):
        issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", body)
    (issue,) = github.state.issues.values()
    assert (issue["state"], issue["body"]) == ("open", "<!-- flowmart:drift/dev/compute -->\ntwo things")
    assert len(github.asked("PATCH")) == 1
    issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", None)
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", None)
    assert len(github.state.issues) == 1


def test_what_comes_back_later_is_a_new_issue(client: Client, github: GitHubStub) -> None:
    for body in ("drift", None, "drift again"):
        issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", body)
    assert [issue["state"] for issue in github.state.issues.values()] == ["closed", "open"]


def test_what_a_person_closed_stays_closed(client: Client, github: GitHubStub) -> None:
    issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", "drift")
    github.state.issues[1]["state"] = "closed"
    issues.keep(client, REPOSITORY, "flowmart", "drift/dev/compute", "Drift in dev", "drift")
    assert [issue["state"] for issue in github.state.issues.values()] == ["closed"]


def test_units_have_an_issue_each(client: Client, github: GitHubStub) -> None:
    for unit in ("compute", "database"):
        issues.keep(client, REPOSITORY, "flowmart", f"drift/dev/{unit}", f"Drift of {unit} in dev", "drift")
    assert [issue["title"] for issue in github.state.issues.values()] == [
        "Drift of compute in dev",
        "Drift of database in dev",
    ]
