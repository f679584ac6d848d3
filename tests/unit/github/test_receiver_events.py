"""What deliveries ask for."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.github.events import Decision, Ignored, Intent, Refusal, Rules, Why, decide
from tests.doubles.deliveries import REPOSITORY, SHA, comment, merge_group, pull_request, push, review

RULES = Rules(REPOSITORY)
FORK = {"sha": SHA, "repo": {"full_name": "mallory/shop"}}


def about(event: str, payload: Mapping[str, Any], rules: Rules = RULES) -> Decision:
    return decide(event, payload, rules)


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "ready_for_review"])
def test_the_head_of_a_pull_request_is_planned(action: str) -> None:
    wanted = about("pull_request", pull_request(7, action))
    assert isinstance(wanted, Intent)
    assert wanted.deployment == "pull-request/flowmart"
    assert wanted.parameters == {"repository": REPOSITORY, "number": 7, "sha": SHA}
    assert (wanted.subject, wanted.head, wanted.moment) == ("flowmart/shop#7", SHA, 1772359200.0)


def test_a_push_to_the_default_branch_is_delivered() -> None:
    wanted = about("push", push())
    assert isinstance(wanted, Intent)
    assert wanted.deployment == "deliver/flowmart"
    assert wanted.parameters == {"repository": REPOSITORY, "sha": SHA}
    assert (wanted.subject, wanted.moment) == ("flowmart/shop@main", 1772359200.0)


def test_a_configured_branch_is_delivered_instead_of_the_default_one() -> None:
    rules = Rules(REPOSITORY, branch="releases/now")
    wanted = about("push", push(ref="refs/heads/releases/now"), rules)
    assert isinstance(wanted, Intent)
    assert wanted.subject == "flowmart/shop@releases/now"
    assert about("push", push(), rules) == Ignored("only pushes to releases/now start something")


def test_of_a_command_only_its_comment_s_number_is_passed_on() -> None:
    wanted = about("issue_comment", comment("  /flowmart promote staging\nplease\n"))
    numbers = {"repository": REPOSITORY, "number": 7, "comment": 99}
    assert wanted == Intent("comment/flowmart", numbers, once="comment-99", author="anna")


def test_of_a_review_only_its_number_is_passed_on() -> None:
    wanted = about("pull_request_review", review("APPROVED"))
    numbers = {"repository": REPOSITORY, "number": 7, "review": 55}
    assert wanted == Intent("review/flowmart", numbers, once="review-55", author="anna")


def test_a_pull_request_with_another_base_is_planned_again() -> None:
    edited = pull_request(action="edited") | {"changes": {"base": {"ref": {"from": "main"}}}}
    assert isinstance(about("pull_request", edited), Intent)
    renamed = pull_request(action="edited") | {"changes": {"title": {"from": "a title"}}}
    assert about("pull_request", renamed) == Ignored("a pull request that was edited starts nothing")


@pytest.mark.parametrize("base", ["release/2026-11", "release+1", "anna@shop", "größer", "v1.2#3", "über(alles)"])
def test_a_merge_queue_of_any_branch_is_planned(base: str) -> None:
    ref = f"refs/heads/gh-readonly-queue/{base}/pr-7-{SHA}"
    wanted = about("merge_group", merge_group(head_ref=ref))
    assert isinstance(wanted, Intent)
    assert wanted.parameters["ref"] == ref


@pytest.mark.parametrize("wrong", ["a b", "a:b", "a\n", "a\x00b", "a\ud800", "a*", "a[b", "a\\b", "a~1", "a^"])
def test_a_ref_that_git_does_not_allow_is_refused(wrong: str) -> None:
    assert isinstance(about("merge_group", merge_group(head_ref=f"refs/heads/gh-readonly-queue/{wrong}")), Refusal)


def test_what_a_merge_queue_would_merge_is_planned() -> None:
    wanted = about("merge_group", merge_group())
    assert isinstance(wanted, Intent)
    ref = f"refs/heads/gh-readonly-queue/main/pr-7-{SHA}"
    assert (wanted.deployment, wanted.parameters) == (
        "merge-group/flowmart",
        {"repository": REPOSITORY, "ref": ref, "sha": SHA},
    )


@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("ping", {"zen": "Keep it logically awesome.", "hook_id": 1}, "pong"),
        ("star", {"action": "created", "repository": {"full_name": REPOSITORY}}, "star starts nothing"),
        ("organization", {"action": "renamed"}, "organization starts nothing"),
        ("pull_request", pull_request(action="labeled"), "a pull request that was labeled starts nothing"),
        ("push", push(ref="refs/tags/v1"), "a push to something other than a branch starts nothing"),
        ("push", push(ref="refs/heads/topic"), "only pushes to main start something"),
        ("push", push(deleted=True, sha="0" * 40), "main was deleted"),
        ("issue_comment", comment("/flowmart help") | {"action": "edited"}, "only new comments start something"),
        (
            "issue_comment",
            comment("/flowmart help") | {"issue": {"number": 7}},
            "a comment on an issue that is not a pull request starts nothing",
        ),
        ("issue_comment", comment("looks good"), "the comment does not begin with /flowmart"),
        ("issue_comment", comment("/flowmartian"), "the comment does not begin with /flowmart"),
        ("issue_comment", comment("/flowmart help", "Bot"), "bots give no commands"),
        ("pull_request_review", review() | {"action": "edited"}, "only submitted reviews start something"),
        ("pull_request_review", review("commented"), "a review that does not approve starts nothing"),
        ("merge_group", merge_group("destroyed"), "a merge group that was destroyed starts nothing"),
    ],
)
def test_the_rest_starts_nothing_and_says_why(event: str, payload: Mapping[str, Any], reason: str) -> None:
    assert about(event, payload) == Ignored(reason)


@pytest.mark.parametrize(
    ("event", "payload"), [("pull_request", pull_request(head=FORK)), ("pull_request_review", review(head=FORK))]
)
def test_a_fork_is_refused(event: str, payload: Mapping[str, Any]) -> None:
    assert about(event, payload) == Refusal("a fork: mallory/shop", Why.FORK)


def test_a_fork_that_was_deleted_is_refused() -> None:
    found = about("pull_request", pull_request(head={"sha": SHA, "repo": None}))
    assert found == Refusal("a fork that no longer exists", Why.FORK)


def test_another_repository_is_refused_whatever_the_event() -> None:
    found = about("star", {"repository": {"full_name": "mallory/shop"}})
    assert found == Refusal("mallory/shop is not the platform's repository, flowmart/shop", Why.REPOSITORY)


def test_a_repository_that_was_renamed_is_known_by_its_number() -> None:
    payload = push()
    payload["repository"] |= {"full_name": "flowmart/store", "id": 4711}
    assert isinstance(about("push", payload, Rules(REPOSITORY, 4711)), Intent)
    assert isinstance(about("push", payload, Rules(REPOSITORY)), Refusal)


def test_another_repository_that_took_the_old_name_is_refused() -> None:
    payload = push()
    payload["repository"] |= {"id": 666}
    found = about("push", payload, Rules(REPOSITORY, 4711))
    assert isinstance(found, Refusal)
    assert found.why is Why.REPOSITORY


def test_names_of_repositories_are_the_same_in_capitals() -> None:
    payload = pull_request()
    payload["repository"]["full_name"] = "FlowMart/Shop"
    assert isinstance(about("pull_request", payload), Intent)


@pytest.mark.parametrize(
    ("event", "payload", "named"),
    [
        ("pull_request", {"action": "opened"}, "repository: missing"),
        ("pull_request", {"repository": {"full_name": 3}}, "repository.full_name"),
        ("pull_request", {"repository": {"full_name": "../.."}}, "repository.full_name"),
        ("pull_request", pull_request(sha="HEAD; rm -rf /"), "pull_request.head.sha"),
        ("pull_request", pull_request() | {"action": ["opened"]}, "action"),
        ("pull_request", pull_request(number=True), "pull_request.number"),
        ("pull_request", pull_request(number=10**30), "pull_request.number"),
        ("push", push(sha=""), "after"),
        ("push", push() | {"ref": None}, "ref"),
        ("issue_comment", comment("/flowmart " + "x" * 70_000), "comment.body"),
        ("pull_request_review", review() | {"review": None}, "review.state"),
        ("merge_group", merge_group(head_ref="refs/heads/main"), "merge_group.head_ref"),
        ("merge_group", merge_group(sha="main"), "merge_group.head_sha"),
    ],
)
def test_an_odd_field_is_refused_by_name(event: str, payload: Mapping[str, Any], named: str) -> None:
    found = about(event, payload)
    assert isinstance(found, Refusal)
    assert found.why is Why.PAYLOAD
    assert named in found.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVENTS = {
    "pull_request": pull_request(),
    "push": push(),
    "issue_comment": comment("/flowmart help"),
    "pull_request_review": review(),
    "merge_group": merge_group(),
}


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """A payload that is right, but for one value somewhere in it."""
    event = draw(st.sampled_from(sorted(EVENTS)))
    return event, _with_one_changed(draw, EVENTS[event])


def _with_one_changed(draw: st.DrawFn, value: Any) -> Any:
    if not isinstance(value, dict) or not value or draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    key = draw(st.sampled_from(sorted(value)))
    return value | {key: _with_one_changed(draw, value[key])}


@given(_damaged())
def test_whatever_is_in_a_payload_there_is_a_decision_that_can_be_kept(found: tuple[str, Any]) -> None:
    event, payload = found
    decision = about(event, payload if isinstance(payload, dict) else {})
    if isinstance(decision, Intent):
        assert set(map(type, decision.parameters.values())) <= {str, int}
        assert "".join(map(str, decision.parameters.values())).encode().count(0) == 0
    else:
        assert decision.reason.encode()
