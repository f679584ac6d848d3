"""The product on GitHub: pull requests, pushes, comments, reviews; against the strict stub, with real terraform."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from flows.conversation import comment, review
from flows.delivery import deliver
from flows.merge_group import merge_group
from flows.promote import promote
from flows.pull_request import pull_request
from tasks.domain.errors import Refused, RolledBack, Unanswered
from tasks.ledger.history import History
from tests.doubles.github_server import github
from tests.doubles.github_stub import GitHubStub
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform

__all__ = ["github"]

REPOSITORY = "flowmart/infrastructure"
FORBIDDEN = '\nresource "terraform_data" "forbidden" {}\n'


class Hub:
    """The mini platform's repository with a GitHub: commits are pushed there, and its API tells of them."""

    def __init__(self, mini: MiniPlatform, stub: GitHubStub, folder: Path) -> None:
        self.mini, self.stub, self.folder = mini, stub, folder
        subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
        self._git("remote", "add", "origin", str(folder))
        stub.state.permissions.update(anna="write", ben="admin", carla="write", mallory="read")

    def push(self, ref: str, subject: str = "a change") -> str:
        """Commit what is there and push it to a ref; the commit."""
        self._git("add", "--all")
        author = ("-c", "user.name=Anna", "-c", "user.email=anna@flowmart.example")
        self._git(*author, "commit", "--quiet", "--allow-empty", "-m", subject)
        self._git("push", "--quiet", "--force", "origin", f"HEAD:{ref}")
        sha = self._git("rev-parse", "HEAD").strip()
        self.stub.state.commit(sha, "anna")
        return sha

    def main(self, subject: str = "a change") -> str:
        """Push to the default branch."""
        return self.push("refs/heads/main", subject)

    def pull(self, number: int = 1) -> str:
        """Open a pull request, or push to it."""
        sha = self.push(f"refs/pull/{number}/head")
        self.stub.state.open_pull(number, sha)
        return sha

    def commits(self) -> list[str]:
        """Every commit that was made so far."""
        return self._git("log", "--format=%H").split()

    def say(self, body: str, by: str = "anna", number: int = 1) -> str:
        """Somebody comments; what came of it."""
        return comment(REPOSITORY, number, self.stub.state.comment(number, body, by))

    def review(self, state: str = "APPROVED", by: str = "ben", number: int = 1, sha: str = "") -> list[str]:
        """Somebody reviews the head of a pull request; the environments that it approved."""
        looked_at = sha or self.stub.state.pulls[number]["head"]["sha"]
        return review(REPOSITORY, number, self.stub.state.review(number, by, state, looked_at))

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.mini.repository), *arguments]
        return subprocess.run(command, check=True, text=True, capture_output=True).stdout


@pytest.fixture
def hub(mini: MiniPlatform, github: GitHubStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", REPOSITORY)
    return Hub(mini, github, tmp_path / "hub.git")


# --- pull requests ---


def test_a_pull_request_is_planned_everywhere_and_reported(hub: Hub, history: History) -> None:
    promote(hub.mini.release().id, "dev")
    hub.mini.paint("dev", "green")
    sha = hub.pull()
    pull_request(REPOSITORY, 1, sha)
    state = hub.stub.state
    assert state.status("flowmart/dev") == [("pending", "being planned"), ("success", "1 to change")]
    assert state.status("flowmart/staging")[-1] == ("success", "1 to create")
    (body,) = state.bodies(1)
    assert body.startswith(f"<!-- flowmart:plan -->\n### ✅ Plan of `{sha[:12]}`: nothing objects")
    assert "| ✅ | `dev` | 0 | 1 | 0 | 0 | 0 | `first` |" in body
    assert "terraform_data.paint" in body
    (run,) = state.check_runs.values()
    assert (run["conclusion"], run["head_sha"], run["annotations"]) == ("success", sha, [])
    # Planned and tested, with no claim, and nothing else.
    assert kinds(history, "staging") == ["planned first"]
    assert colours(hub.mini, "dev") == {"first": "blue", "second": "blue"}


def test_a_second_commit_changes_the_same_comment(hub: Hub) -> None:
    pull_request(REPOSITORY, 1, hub.pull())
    hub.mini.paint("dev", "green")
    sha = hub.pull()
    pull_request(REPOSITORY, 1, sha)
    (body,) = hub.stub.state.bodies(1)
    assert sha[:12] in body


def test_an_older_run_that_ends_late_does_not_hide_what_is_new(hub: Hub) -> None:
    old = hub.pull()
    new = hub.pull()
    pull_request(REPOSITORY, 1, new)
    assert pull_request(REPOSITORY, 1, old) == f"pull request 1 is at {new[:12]}, which is planned instead"
    (body,) = hub.stub.state.bodies(1)
    assert new[:12] in body
    assert {s["sha"] for s in hub.stub.state.statuses} == {new}


def test_a_denial_is_annotated_at_the_resource(hub: Hub) -> None:
    hub.mini.append("terraform/dev/first/main.tf", FORBIDDEN)
    with pytest.raises(Refused, match="dev: 2 to create; denied: first"):
        pull_request(REPOSITORY, 1, hub.pull())
    state = hub.stub.state
    (run,) = state.check_runs.values()
    (said,) = run["annotations"]
    text = (hub.mini.repository / said["path"]).read_text().splitlines()
    assert text[said["start_line"] - 1] == 'resource "terraform_data" "forbidden" {}'
    assert (said["annotation_level"], said["title"]) == ("failure", "names in dev")
    assert run["conclusion"] == "failure"
    assert state.status("flowmart/dev")[-1] == ("failure", "2 to create; denied: first")
    assert state.status("flowmart/staging")[-1][0] == "success"
    assert "❌ denied by `names`" in state.bodies(1)[0]


def test_no_answer_is_an_error_and_not_a_failure(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = hub.pull()
    subprocess.run(["rm", "-rf", str(hub.folder)], check=True)
    with pytest.raises(Unanswered, match="git fetch"):
        pull_request(REPOSITORY, 1, sha)
    assert hub.stub.state.status("flowmart/release")[-1][0] == "error"
    assert hub.stub.state.bodies(1)[0].startswith("<!-- flowmart:plan -->\n### ❔ No plan")


def test_a_mistake_in_the_platform_is_annotated_at_its_line(hub: Hub) -> None:
    hub.mini.write("platform.yaml", PLATFORM.replace("engine: terraform", "engine: terrafrom", 1))
    with pytest.raises(Exception, match="terrafrom"):
        pull_request(REPOSITORY, 1, hub.pull())
    (run,) = hub.stub.state.check_runs.values()
    assert run["conclusion"] == "failure"
    assert {(one["path"], one["start_line"]) for one in run["annotations"]} == {("infrastructure/platform.yaml", 9)}
    assert hub.stub.state.status("flowmart/release")[-1][0] == "failure"


def test_that_github_is_down_does_not_change_what_was_found(hub: Hub, history: History) -> None:
    sha = hub.pull()
    # Which repository it is and whether it is a fork is answered; nothing after that is.
    down_after(hub.stub, 2)
    pull_request(REPOSITORY, 1, sha)
    assert kinds(history, "dev") == ["planned first"]
    assert hub.stub.state.comments == {}


def test_a_fork_is_not_planned(hub: Hub, history: History) -> None:
    sha = hub.pull()
    hub.stub.state.open_pull(1, sha, fork=True)
    with pytest.raises(Refused, match="comes from a fork"):
        pull_request(REPOSITORY, 1, sha)
    assert kinds(history, "dev") == []


def down_after(stub: GitHubStub, requests: int) -> None:
    """GitHub answers so many requests more, and then none."""
    answer = stub.answer

    def counting(request: object) -> object:
        stub.down = len(stub.requests) >= requests
        return answer(request)  # type: ignore[arg-type]

    stub.answer = counting  # type: ignore[method-assign, assignment]


def test_what_a_merge_queue_would_merge_is_planned_and_reported(hub: Hub, history: History) -> None:
    ref = "refs/heads/gh-readonly-queue/main/pr-1-abc"
    sha = hub.push(ref)
    merge_group(REPOSITORY, ref, sha)
    assert hub.stub.state.status("flowmart/release")[-1][0] == "success"
    assert hub.stub.state.status("flowmart/dev")[-1] == ("success", "1 to create")
    (run,) = hub.stub.state.check_runs.values()
    assert (run["conclusion"], run["head_sha"]) == ("success", sha)
    assert (hub.stub.state.comments, kinds(history, "dev")) == ({}, ["planned first"])


def test_a_branch_that_is_no_merge_queue_s_is_not_planned(hub: Hub, history: History) -> None:
    sha = hub.push("refs/heads/topic")
    with pytest.raises(Exception, match="ref"):
        merge_group(REPOSITORY, "refs/heads/topic", sha)
    assert (kinds(history, "dev"), hub.stub.state.statuses) == ([], [])


def test_a_repository_that_was_renamed_goes_on_working(hub: Hub) -> None:
    sha = hub.pull()
    hub.stub.state.former, hub.stub.state.repository = {REPOSITORY}, "flowmart/platform"
    hub.stub.state.open_pull(1, sha)
    pull_request("flowmart/platform", 1, sha)
    assert hub.stub.state.status("flowmart/dev")[-1][0] == "success"


def test_what_a_command_shows_names_the_run_that_was_started(hub: Hub) -> None:
    hub.pull()
    said = hub.stub.state.comment(1, "/flowmart plan", "anna")
    state = comment(REPOSITORY, 1, said, return_state=True)
    (run,) = hub.stub.state.check_runs.values()
    assert run["external_id"] == str(state.state_details.flow_run_id)
    assert {str(state.state_details.flow_run_id) in one["target_url"] for one in hub.stub.state.statuses} == {True}


# --- pushes ---


def test_a_push_is_delivered_and_shown(hub: Hub, history: History) -> None:
    sha = hub.main()
    deliver(REPOSITORY, sha)
    assert colours(hub.mini, "staging") == {"first": "blue", "second": "blue"}
    release = history.state("staging").verified
    for environment in ("dev", "staging"):
        (states,) = hub.stub.state.deployed(environment)
        assert states == [("in_progress", f"promote {release}"), ("success", f"verified: {release}")]
    assert {made["sha"] for made in hub.stub.state.deployments.values()} == {sha}


def test_a_push_that_changes_nothing_of_ours_does_nothing(hub: Hub, history: History) -> None:
    deliver(REPOSITORY, hub.main())
    before = history.ledger.entries("dev")
    (hub.mini.repository / "README.md").write_text("words")
    said = deliver(REPOSITORY, hub.main())
    assert "nothing that is released differs" in said
    assert history.ledger.entries("dev") == before
    assert hub.stub.state.status("flowmart/release")[-1] == ("success", said)


def test_a_release_that_was_rolled_back_does_not_come_back_with_the_next_push(hub: Hub, history: History) -> None:
    deliver(REPOSITORY, hub.main())
    hub.mini.paint("dev", "red")
    with pytest.raises(RolledBack):
        deliver(REPOSITORY, hub.main())
    assert [states[-1][0] for states in hub.stub.state.deployed("dev")] == ["success", "failure"]
    assert hub.stub.state.deployed("dev")[-1][-1][1].startswith("rolled back, rejected")
    (hub.mini.repository / "README.md").write_text("words")
    assert "nothing that is released differs" in deliver(REPOSITORY, hub.main())
    assert colours(hub.mini, "dev")["first"] == "blue"


def test_an_older_push_is_left_to_the_newer_one(hub: Hub, history: History) -> None:
    old = hub.main()
    hub.mini.paint("dev", "green")
    hub.main()
    assert "delivered instead" in deliver(REPOSITORY, old)
    assert kinds(history, "dev") == []


# --- comments ---


def test_a_comment_by_somebody_without_write_access_starts_nothing(hub: Hub, history: History) -> None:
    hub.main()
    hub.say("/flowmart promote dev", by="mallory")
    assert kinds(history, "dev") == []
    # Not even an answer: anybody could ask for thousands.
    assert (hub.stub.state.bodies(1), hub.stub.state.reactions) == (["/flowmart promote dev"], [])


def test_without_an_answer_about_permissions_nothing_is_done(hub: Hub, history: History) -> None:
    hub.main()
    hub.stub.down = True
    with pytest.raises(Unanswered):
        hub.say("/flowmart promote dev")
    assert kinds(history, "dev") == []


def test_an_unknown_command_is_answered_with_help(hub: Hub) -> None:
    hub.say("/flowmart deploy everything")
    assert "there is no command deploy" in hub.stub.state.bodies(1)[-1]
    assert "/flowmart promote [ENVIRONMENT]" in hub.stub.state.bodies(1)[-1]


def test_talk_that_is_not_for_us_is_left_alone(hub: Hub) -> None:
    assert hub.say("what does `/flowmart plan` do?") == "not meant for us"
    assert hub.stub.asked("POST") == []


def test_a_comment_promotes_what_is_on_the_default_branch(hub: Hub, history: History) -> None:
    hub.main()
    hub.say("/flowmart promote dev")
    assert history.state("dev").verified
    assert kinds(history, "staging") == []
    assert "is verified in dev" in hub.stub.state.bodies(1)[-1]
    assert {entry.actor for entry in history.ledger.entries("dev")} == {"anna (GitHub)"}


def test_a_pull_request_that_is_not_merged_is_not_promoted(hub: Hub, history: History) -> None:
    hub.main()
    hub.pull()
    with pytest.raises(Refused, match="is not merged"):
        hub.say("/flowmart promote")
    assert kinds(history, "dev") == []
    assert "❌ Rejected" in hub.stub.state.bodies(1)[-1]


def test_a_comment_rolls_back_and_github_shows_it(hub: Hub, history: History) -> None:
    deliver(REPOSITORY, hub.main())
    first = history.state("dev").verified
    hub.mini.paint("dev", "green")
    deliver(REPOSITORY, hub.main())
    hub.say("/flowmart rollback dev")
    assert history.state("dev").verified == first
    _, left, back = hub.stub.state.deployed("dev")
    assert left[-1] == ("inactive", "rolled back, rejected")
    assert back[-1] == ("success", f"rolled back to {first}")


# --- approvals ---

GATED = PLATFORM.replace(
    "region: eu-west-1}", "region: eu-west-1, gate: {approval: always, approvers: [ben], identity: github}}", 1
)


@pytest.fixture
def waiting(hub: Hub) -> Hub:
    """A merged pull request of Anna's that waits for an approval of Ben's in dev."""
    hub.mini.write("platform.yaml", GATED)
    hub.pull()
    head = hub.main()
    hub.stub.state.merge_pull(1, head)
    deliver(REPOSITORY, head)
    assert hub.stub.state.deployed("dev")[-1][-1][0] == "queued"
    return hub


def digest(hub: Hub) -> str:
    """What GitHub says is to be approved."""
    return hub.stub.state.deployed("dev")[-1][-1][1].rpartition(" ")[2]


def test_an_approving_review_promotes_what_was_reviewed(waiting: Hub, history: History) -> None:
    assert waiting.review() == ["dev"]
    assert history.state("staging").verified
    (approved,) = [entry for entry in history.ledger.entries("dev") if entry.kind == "approved"]
    assert {name: approved.body[name] for name in ("by", "how", "identity")} == {
        "by": "ben",
        "how": "GitHub review",
        "identity": "github",
    }
    assert "Approved: `dev`" in waiting.stub.state.bodies(1)[-1]


@pytest.mark.parametrize(
    ("reviewer", "state"),
    [("anna", "APPROVED"), ("mallory", "APPROVED"), ("ben", "COMMENTED"), ("ben", "DISMISSED")],
)
def test_a_review_that_may_not_approve_changes_nothing(
    waiting: Hub, history: History, reviewer: str, state: str
) -> None:
    assert waiting.review(state, reviewer) == []
    assert kinds(history, "dev", "approved", "applied") == []


def test_a_review_of_something_else_approves_nothing(waiting: Hub, history: History) -> None:
    waiting.mini.paint("dev", "green")
    waiting.pull(2)
    assert waiting.review(number=2) == []
    assert kinds(history, "dev", "approved") == []


def test_a_comment_approves_by_digest(waiting: Hub, history: History) -> None:
    waiting.say(f"/flowmart approve {digest(waiting)}", by="ben")
    assert history.state("dev").verified


def test_a_comment_of_somebody_who_is_no_approver_approves_nothing(waiting: Hub, history: History) -> None:
    with pytest.raises(Refused, match="not among its approvers"):
        waiting.say(f"/flowmart approve {digest(waiting)}", by="carla")
    assert kinds(history, "dev", "approved") == []


def test_a_comment_refuses_with_a_reason(waiting: Hub, history: History) -> None:
    waiting.say(f"/flowmart refuse {digest(waiting)} not before the sale", by="ben")
    (refused,) = [entry for entry in history.ledger.entries("dev") if entry.kind == "refused"]
    assert refused.body["reason"] == "not before the sale"
