"""Whoever wrote some of what would be promoted cannot approve it by name, whichever commit brought it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks import authorship
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.events import ClaimClosed, EnvironmentClaimed, ReleaseVerified
from tasks.domain.platform import Approval
from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.promotion import approval_requests
from tasks.promotion.approval_requests import Question, Request
from tasks.promotion.approvals import Approver
from tasks.releases import records
from tests.platforms.mini import MiniPlatform

NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)


@pytest.fixture
def mini(tmp_path: Path) -> MiniPlatform:
    """A platform whose first release is verified in dev."""
    made = MiniPlatform(tmp_path)
    verify(made, made.release("the first one", "Zoe"))
    return made


def verify(mini: MiniPlatform, release: Release) -> None:
    history = History(mini.settings)
    claim = EnvironmentClaimed(
        release=release.id,
        purpose="promote",
        holder={},
        release_digest=records.digest(release),
        provenance=history.releases.latest_request(release.id),
    )
    for event in (claim, ReleaseVerified(release=release.id), ClaimClosed(outcome="succeeded")):
        history.ledger.append("dev", event)


def ask(mini: MiniPlatform, release: Release, *approvers: str, purpose: str = "promote") -> Request:
    """What waits for an approval, as the promotion of a release asks for it."""
    history = History(mini.settings)
    author = history.releases.latest_request(release.id).author
    rules = Approval(approvers, when=("always",))
    question = Question("dev", "d" * 64, {"first": "1 to update"}, rules, purpose, author=author)
    return approval_requests.want(history.ledger, release, question, NOW)


def approve(mini: MiniPlatform, request: Request, name: str) -> Request:
    by = Approver(name, "command line", "host")
    return authorship.approve_by_name(mini.settings, History(mini.settings), request.digest, by, NOW)


def test_an_author_cannot_approve_equal_content_that_another_person_requested(mini: MiniPlatform) -> None:
    mini.paint("dev", "green")
    mini.release("green", "Anna")
    request = ask(mini, mini.release("the same, from another commit", "Ben"), "anna", "ben", "eva")
    with pytest.raises(Refused, match=rf"anna is the author of {request.release}; another person must approve"):
        approve(mini, request, "anna")
    with pytest.raises(Refused, match=rf"ben is the author of {request.release}; another person must approve"):
        approve(mini, request, "ben")
    assert approve(mini, request, "eva").missing == 0


def test_the_author_of_an_earlier_commit_cannot_approve_what_contains_it(mini: MiniPlatform) -> None:
    mini.paint("dev", "green")
    mini.commit("green", "Anna")
    mini.write("policies/more.rego", "package more\n")
    request = ask(mini, mini.release("one more policy", "Ben"), "anna", "eva")
    with pytest.raises(Refused, match=r"anna is the author of [0-9a-f]{12}; another person must approve"):
        approve(mini, request, "anna")
    assert approve(mini, request, "eva").missing == 0


def test_a_co_author_cannot_approve(mini: MiniPlatform) -> None:
    mini.paint("dev", "green")
    mini.commit("green\n\nCo-authored-by: Carla <carla@flowmart.example>", "Anna")
    mini.write("policies/more.rego", "package more\n")
    request = ask(mini, mini.release("one more policy", "Ben"), "carla", "eva")
    with pytest.raises(Refused, match="carla is the author of"):
        approve(mini, request, "carla")


def test_authors_of_what_is_verified_already_and_of_other_folders_may_approve(mini: MiniPlatform) -> None:
    (mini.repository / "README.md").write_text("about it")
    mini.commit("a readme", "Eva")
    mini.paint("dev", "green")
    release = mini.release("green", "Anna")
    request = ask(mini, release, "zoe", "eva")
    found = authorship.named_authors(mini.settings, History(mini.settings), request)
    assert found == {"Anna <anna@flowmart.example>": release.id}
    assert approve(mini, request, "zoe").approved_by == ("zoe",)


def test_a_rollback_brings_nobody_s_change(mini: MiniPlatform) -> None:
    mini.paint("dev", "green")
    mini.release("green", "Anna")
    request = ask(mini, mini.release("the same, from another commit", "Ben"), "anna", purpose="roll back")
    assert approve(mini, request, "anna").missing == 0


def test_without_the_commits_the_authors_of_all_requests_are_known(mini: MiniPlatform, tmp_path: Path) -> None:
    mini.paint("dev", "green")
    mini.release("green", "Anna")
    request = ask(mini, mini.release("the same, from another commit", "Ben"), "anna", "eva")
    elsewhere = mini.settings.model_copy(update={"repository": tmp_path})
    by = Approver("anna", "Prefect UI", "nothing")
    with pytest.raises(Refused, match="anna is the author of"):
        authorship.approve_by_name(elsewhere, History(elsewhere), request.digest, by, NOW)


def test_a_form_without_a_name_says_so_before_anything_else(mini: MiniPlatform) -> None:
    nobody = Approver(" ", "Prefect UI", "nothing")
    with pytest.raises(InvalidInput, match="name: it is empty"):
        authorship.approve_by_name(mini.settings, History(mini.settings), "", nobody, NOW)
