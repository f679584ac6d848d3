"""Who says what on GitHub is asked of GitHub: a run that is started with made-up numbers does nothing."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from flows.conversation import comment, review
from flows.delivery import deliver
from flows.pull_request import pull_request
from tasks.domain.errors import Refused, Unanswered
from tasks.ledger.history import History
from tasks.promotion import approval_requests
from tests.doubles.github_server import github
from tests.doubles.github_stub.state import LATER
from tests.flows.test_github import Hub, digest, hub, waiting
from tests.flows.test_promote import kinds

__all__ = ["github", "hub", "waiting"]

REPOSITORY = "flowmart/infrastructure"
MADE_UP = 999_999


def nothing_was_decided(history: History) -> None:
    assert kinds(history, "dev", "approved", "refused", "applied") == []
    assert len(approval_requests.waiting(history.ledger, datetime.now(UTC))) == 1


def approving(hub: Hub, by: str = "ben", number: int = 1) -> int:
    """Somebody's comment that would approve what waits; its id."""
    return hub.stub.state.comment(number, f"/flowmart approve {digest(hub)}", by)


# --- comments ---


def test_a_comment_that_does_not_exist_approves_nothing(waiting: Hub, history: History) -> None:
    assert "is not there" in comment(REPOSITORY, 1, MADE_UP)
    nothing_was_decided(history)


def test_a_comment_that_was_deleted_approves_nothing(waiting: Hub, history: History) -> None:
    said = approving(waiting)
    del waiting.stub.state.comments[said]
    assert "is not there" in comment(REPOSITORY, 1, said)
    nothing_was_decided(history)


def test_a_comment_of_another_pull_request_approves_nothing(waiting: Hub, history: History) -> None:
    assert "is on 2, not on 1" in comment(REPOSITORY, 1, approving(waiting, number=2))
    nothing_was_decided(history)


def test_a_comment_that_was_edited_approves_nothing(waiting: Hub, history: History) -> None:
    said = approving(waiting)
    waiting.stub.state.comments[said]["updated_at"] = LATER
    assert "it was edited" in comment(REPOSITORY, 1, said)
    nothing_was_decided(history)


def test_a_comment_of_a_bot_approves_nothing(waiting: Hub, history: History) -> None:
    said = approving(waiting)
    waiting.stub.state.comments[said]["user"]["type"] = "Bot"
    assert comment(REPOSITORY, 1, said) == "bots give no commands"
    nothing_was_decided(history)


def test_a_comment_of_another_repository_approves_nothing(waiting: Hub, history: History) -> None:
    with pytest.raises(Refused, match="mallory/shop: is not the repository of platform flowmart"):
        comment("mallory/shop", 1, approving(waiting))
    nothing_was_decided(history)


def test_nobody_can_say_who_wrote_a_comment_or_what_it_says(waiting: Hub, history: History) -> None:
    said = waiting.stub.state.comment(1, "looks good to me", "ben")
    with pytest.raises(TypeError):
        comment(REPOSITORY, 1, said, "ben", f"/flowmart approve {digest(waiting)}")  # type: ignore[call-overload]
    assert comment(REPOSITORY, 1, said) == "not meant for us"
    nothing_was_decided(history)


def test_a_comment_is_one_command_for_good(waiting: Hub) -> None:
    said = waiting.stub.state.comment(1, "/flowmart help", "anna")
    comment(REPOSITORY, 1, said)
    assert "it was done before" in comment(REPOSITORY, 1, said)
    assert sum("what it does" in body for body in waiting.stub.state.bodies(1)) == 1


# --- reviews ---


def test_a_review_that_does_not_exist_approves_nothing(waiting: Hub, history: History) -> None:
    assert review(REPOSITORY, 1, MADE_UP) == []
    nothing_was_decided(history)


def test_a_review_of_another_pull_request_approves_nothing(waiting: Hub, history: History) -> None:
    said = waiting.stub.state.review(2, "ben", "APPROVED", waiting.stub.state.pulls[1]["head"]["sha"])
    assert review(REPOSITORY, 1, said) == []
    nothing_was_decided(history)


def test_who_wants_changes_since_does_not_approve(waiting: Hub, history: History) -> None:
    sha = waiting.stub.state.pulls[1]["head"]["sha"]
    said = waiting.stub.state.review(1, "ben", "APPROVED", sha)
    waiting.stub.state.review(1, "ben", "CHANGES_REQUESTED", sha)
    assert review(REPOSITORY, 1, said) == []
    nothing_was_decided(history)


def test_a_remark_after_an_approval_takes_nothing_back(waiting: Hub) -> None:
    sha = waiting.stub.state.pulls[1]["head"]["sha"]
    said = waiting.stub.state.review(1, "ben", "APPROVED", sha)
    waiting.stub.state.review(1, "ben", "COMMENTED", sha)
    assert review(REPOSITORY, 1, said) == ["dev"]


# --- commits ---


def test_only_the_delivered_branch_is_delivered(hub: Hub, history: History) -> None:
    hub.main()
    hub.mini.paint("dev", "green")
    elsewhere = hub.push("refs/heads/topic")
    assert "which is delivered instead" in deliver(REPOSITORY, elsewhere)
    assert kinds(history, "dev") == []


def test_a_commit_of_another_repository_is_not_delivered(hub: Hub, history: History) -> None:
    sha = hub.main()
    with pytest.raises(Refused, match="is not the repository of platform"):
        deliver("mallory/shop", sha)
    assert (kinds(history, "dev"), hub.stub.state.statuses) == ([], [])


def test_a_commit_that_is_not_the_pull_request_s_head_is_not_planned(hub: Hub) -> None:
    hub.pull()
    assert "is planned instead" in pull_request(REPOSITORY, 1, "b" * 40)
    assert hub.stub.state.statuses == []


# --- nobody approves her own change ---


def brought(hub: Hub, by: str, number: int) -> None:
    """Somebody's pull request, merged by Anna and delivered."""
    hub.pull(number)
    hub.stub.state.pulls[number]["user"] = {"login": by}
    head = hub.main()
    hub.stub.state.merge_pull(number, head)
    deliver(REPOSITORY, head)


@pytest.mark.parametrize("part", ["user", "merged_by"])
def test_who_had_a_hand_in_it_does_not_approve(waiting: Hub, history: History, part: str) -> None:
    waiting.stub.state.pulls[1][part] = {"login": "Ben"}
    with pytest.raises(Refused, match="ben had a hand in commit"):
        waiting.say(f"/flowmart approve {digest(waiting)}", by="ben")
    assert waiting.review() == []
    nothing_was_decided(history)


def test_an_earlier_change_that_comes_along_counts(waiting: Hub, history: History) -> None:
    waiting.stub.state.pulls[1]["user"] = {"login": "ben"}
    waiting.mini.paint("dev", "green")
    brought(waiting, "carla", number=2)
    with pytest.raises(Refused, match="ben had a hand in commit"):
        waiting.say(f"/flowmart approve {digest(waiting)}", by="ben", number=2)
    nothing_was_decided(history)


def test_a_change_that_is_verified_there_does_not_count(waiting: Hub) -> None:
    assert waiting.review() == ["dev"]
    waiting.stub.state.pulls[1]["user"] = {"login": "ben"}
    waiting.mini.paint("dev", "green")
    brought(waiting, "carla", number=2)
    assert waiting.review(number=2) == ["dev"]


def test_without_an_answer_about_the_authors_nothing_is_approved(waiting: Hub, history: History) -> None:
    waiting.stub.state.authored.clear()
    with pytest.raises(Refused, match="GitHub does not say whose it is"):
        waiting.say(f"/flowmart approve {digest(waiting)}", by="ben")
    nothing_was_decided(history)


def test_without_an_answer_nothing_is_done_and_it_still_can_be(waiting: Hub, history: History) -> None:
    said = approving(waiting)
    waiting.stub.down = True
    with pytest.raises(Unanswered):
        comment(REPOSITORY, 1, said)
    waiting.stub.down = False
    nothing_was_decided(history)
    comment(REPOSITORY, 1, said)
    assert history.state("dev").verified


def test_a_clone_of_another_repository_is_not_worked_with(hub: Hub, history: History) -> None:
    sha = hub.main()
    address = "https://github.com/mallory/shop.git"
    subprocess.run(["git", "-C", str(hub.mini.repository), "remote", "set-url", "origin", address], check=True)
    with pytest.raises(Refused, match="origin of the clone is mallory/shop"):
        deliver(REPOSITORY, sha)
    assert kinds(history, "dev") == []
