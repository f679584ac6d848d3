"""Who may approve what, and for how long: asked of a real ledger in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, NotFound, Refused
from tasks.domain.platform import Approval
from tasks.domain.release import Release
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Question
from tasks.promotion.approvals import Approver
from tests.doubles.memory_store import MemoryStore

NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)
RELEASE = Release("3f2a1c", "3f2a1c", {})
AUTHOR = "Anna Berg <anna.berg@flowmart.example>"
DIGEST, OTHER = "d" * 64, "e" * 64
ANNA = Approver("anna.berg", "GitHub review", "github")
BEN = Approver("ben", "command line", "host")
SOMEBODY = Approver("somebody", "Prefect UI", "nothing")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Store.open(str(tmp_path)), "tester")


def ask(ledger: Ledger, digest: str = DIGEST, author: str = AUTHOR, **rules: object) -> approval_requests.Request:
    units, approval = {"compute": "1 to replace"}, Approval(**rules)  # type: ignore[arg-type]
    question = Question("production", digest, units, approval, author=author)
    return approval_requests.want(ledger, RELEASE, question, NOW)


def holds(ledger: Ledger, digest: str = DIGEST, after: timedelta = timedelta()) -> str | None:
    found = approval_requests.decided(ledger.state("production"), digest, NOW + after)
    return found.kind if found else None


def test_what_is_asked_for_waits_until_somebody_decides(ledger: Ledger) -> None:
    asked = ask(ledger)
    assert approval_requests.waiting(ledger, NOW) == (asked,)
    approvals.approve(ledger, asked.short, BEN, NOW, "looks right")
    assert approval_requests.waiting(ledger, NOW) == ()
    assert holds(ledger) == "approved"


def test_asking_again_for_the_same_is_the_same_request(ledger: Ledger) -> None:
    assert ask(ledger) == ask(ledger)
    assert len(ledger.entries("production")) == 1


def test_another_plan_set_is_another_question_and_replaces_the_older_one(ledger: Ledger) -> None:
    approvals.approve(ledger, ask(ledger).digest, BEN, NOW)
    newer = ask(ledger, OTHER)
    assert approval_requests.waiting(ledger, NOW) == (newer,)
    assert holds(ledger, OTHER) == "wanted"


def test_an_approval_does_not_outlive_its_request(ledger: Ledger) -> None:
    approvals.approve(ledger, ask(ledger, expires=3600.0).digest, BEN, NOW)
    assert holds(ledger, after=timedelta(minutes=59)) == "approved"
    assert holds(ledger, after=timedelta(minutes=61)) is None


def test_an_expired_request_cannot_be_approved(ledger: Ledger) -> None:
    asked = ask(ledger, expires=-1.0)
    with pytest.raises(NotFound, match="no plan set with it waits"):
        approvals.approve(ledger, asked.digest, BEN, NOW)


def test_who_decided_how_and_how_much_is_proven_is_on_record(ledger: Ledger) -> None:
    approvals.approve(ledger, ask(ledger).digest, SOMEBODY, NOW, "why not")
    body = ledger.entries("production")[-1].body
    assert {key: body[key] for key in ("by", "how", "identity", "reason")} == {
        "by": "somebody",
        "how": "Prefect UI",
        "identity": "nothing",
        "reason": "why not",
    }


def test_only_the_approvers_decide(ledger: Ledger) -> None:
    asked = ask(ledger, approvers=("ben",))
    with pytest.raises(Refused, match=r"somebody is not among its approvers \(ben\)"):
        approvals.approve(ledger, asked.digest, SOMEBODY, NOW)
    with pytest.raises(Refused, match="not among its approvers"):
        approvals.refuse(ledger, asked.digest, SOMEBODY, NOW, "no")
    approvals.approve(ledger, asked.digest, BEN, NOW)


@pytest.mark.parametrize("name", ["Anna Berg", "anna.berg", "anna.berg@flowmart.example", "ANNA.BERG"])
def test_nobody_approves_a_commit_of_their_own(ledger: Ledger, name: str) -> None:
    asked = ask(ledger, approvers=("ben", name))
    with pytest.raises(Refused, match="is the author of 3f2a1c"):
        approvals.approve(ledger, asked.digest, Approver(name, "command line", "host"), NOW)


def test_an_author_may_refuse(ledger: Ledger) -> None:
    approvals.refuse(ledger, ask(ledger, approvers=("anna.berg",)).digest, ANNA, NOW, "a mistake of mine")
    assert holds(ledger) == "refused"


def test_a_refusal_rejects_the_release(ledger: Ledger) -> None:
    approvals.refuse(ledger, ask(ledger).digest, BEN, NOW, "not before the sale")
    assert ledger.state("production").rejected == {"3f2a1c"}


def test_github_only_means_github_only(ledger: Ledger) -> None:
    asked = ask(ledger, approvers=("ben",), identity="github")
    with pytest.raises(Refused, match="accepts decisions from GitHub only"):
        approvals.approve(ledger, asked.digest, BEN, NOW)
    approvals.approve(ledger, asked.digest, Approver("Ben", "GitHub review", "github"), NOW)


def test_the_first_word_counts(ledger: Ledger) -> None:
    asked = ask(ledger)
    approvals.approve(ledger, asked.digest, BEN, NOW)
    with pytest.raises(NotFound):
        approvals.refuse(ledger, asked.digest, ANNA, NOW, "too late")
    assert holds(ledger) == "approved"


class Interleaved(MemoryStore):
    """A store in which somebody else writes an entry right before our next one."""

    meanwhile: Callable[[], object] | None = None

    def create(self, name: str, data: bytes) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act:
            act()
        super().create(name, data)


def test_of_two_answers_at_the_same_time_the_first_one_counts() -> None:
    store = Interleaved()
    ours, theirs = Ledger(store, "tester"), Ledger(store, "somebody")
    asked = ask(ours)
    store.meanwhile = lambda: approvals.refuse(theirs, asked.digest, ANNA, NOW, "not today")
    with pytest.raises(Refused, match=r"was already refused by anna\.berg"):
        approvals.approve(ours, asked.digest, BEN, NOW)
    assert holds(ours) == "refused"


def test_a_digest_has_to_be_long_enough_and_known(ledger: Ledger) -> None:
    asked = ask(ledger)
    with pytest.raises(InvalidInput, match="at least 12 digits"):
        approvals.approve(ledger, asked.digest[:11], BEN, NOW)
    with pytest.raises(NotFound, match=rf"waiting: {asked.short} \(production\)"):
        approvals.approve(ledger, OTHER, BEN, NOW)


def test_a_release_that_another_author_brings_back_is_asked_for_again(ledger: Ledger) -> None:
    ask(ledger, approvers=("ben", "anna.berg"))
    again = ask(ledger, author="Ben <ben@flowmart.example>", approvers=("ben", "anna.berg"))
    with pytest.raises(Refused, match="ben is the author of 3f2a1c"):
        approvals.approve(ledger, again.digest, BEN, NOW)
    assert approvals.approve(ledger, again.digest, ANNA, NOW).author == "Ben <ben@flowmart.example>"


def test_a_request_expires_by_the_clock_that_is_given(ledger: Ledger) -> None:
    asked = ask(ledger, expires=3600.0)
    with pytest.raises(NotFound, match="no plan set with it waits"):
        approvals.approve(ledger, asked.digest, BEN, NOW + timedelta(hours=2))
    with pytest.raises(NotFound, match="no plan set with it waits"):
        approvals.refuse(ledger, asked.digest, BEN, NOW + timedelta(hours=2), "too late")
    assert approvals.approve(ledger, asked.digest, BEN, NOW + timedelta(minutes=59)).missing == 0
