"""Where an environment stands, folded from entries that a real ledger wrote."""

from pathlib import Path

import pytest

from tasks.domain.events import (
    ApprovalRequested,
    ClaimClosed,
    ClaimTakenOver,
    DriftReported,
    EnvironmentClaimed,
    EnvironmentFrozen,
    EnvironmentInterrupted,
    EnvironmentResolved,
    EnvironmentRestored,
    EnvironmentThawed,
    Event,
    PlanSetApproved,
    ReleaseRejected,
    ReleaseVerified,
    UnitAdopted,
    UnitApplied,
    UnitApplying,
    UnitPlanned,
    UnitRollbackFailed,
    UnitRolledBack,
    UnitSettled,
    UnitSmoked,
)
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Change, StateChange
from tasks.domain.release import Baseline, Provenance, Receipt, Target
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState, ManualFreeze
from tasks.ledger.store import Store


class Told:
    """Writes entries as a promotion would, and says where that leads."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(Store.open(str(folder)), actor="ada")

    def write(self, event: Event) -> str:
        """The moment of the new entry."""
        return self.ledger.append("dev", event).at

    def claim(self, release: str) -> None:
        holder = {"host": "h", "pid": 1, "started": 0}
        self.write(EnvironmentClaimed(release=release, purpose="promote", holder=holder))

    def apply(self, unit: str, release: str, outcome: Outcome = Outcome.SUCCEEDED) -> None:
        self.write(UnitApplying(unit=unit, release=release, plan=""))
        self.write(UnitApplied(unit=unit, release=release, receipt=receipt(unit, release)))
        self.write(UnitSmoked(unit=unit, release=release, outcome=outcome))

    def now(self) -> EnvironmentState:
        return self.ledger.state("dev")


def receipt(unit: str, release: str) -> Receipt:
    return Receipt("", Target(release, "dev", unit), "u", "i", "p", {}, "")


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_an_empty_chain_has_an_empty_state(told: Told) -> None:
    assert told.now() == EnvironmentState("dev")
    assert told.now().verified is None


def test_a_promotion_ends_verified_and_free(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(ReleaseVerified(release="a"))
    told.write(ClaimClosed(outcome="succeeded"))
    now = told.now()
    assert (now.verified, now.claim, now.smoked) == ("a", None, {"networking"})
    assert now.receipts["networking"].id == "dev/3"


def test_an_open_claim_keeps_what_to_roll_back_to(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(ReleaseVerified(release="a"))
    told.write(ClaimClosed(outcome="succeeded"))
    told.claim("b")
    told.write(UnitApplying(unit="networking", release="b", plan=""))
    now = told.now()
    assert now.attempt.units == ("networking",)
    assert now.attempt.before.receipts["networking"].target.release == "a"
    assert (now.verified, now.attempt.before.verified) == (None, "a")


def test_an_apply_that_did_not_end_well_is_unfinished_until_one_does(told: Told) -> None:
    told.claim("a")
    told.write(UnitApplying(unit="networking", release="a", plan=""))
    assert told.now().unfinished == {"networking"}
    told.write(UnitRolledBack(unit="networking", release="a", receipt=None))
    assert told.now().unfinished == {"networking"}
    told.apply("networking", "b")
    assert told.now().unfinished == frozenset()


def test_an_earlier_release_that_was_put_back_leaves_nothing_unfinished(told: Told) -> None:
    told.claim("b")
    told.write(UnitApplying(unit="networking", release="b", plan=""))
    told.write(UnitRolledBack(unit="networking", release="b", receipt=receipt("networking", "a")))
    assert told.now().unfinished == frozenset()


def test_taking_over_keeps_what_the_dead_run_began(told: Told) -> None:
    told.claim("a")
    told.write(UnitApplying(unit="networking", release="a", plan=""))
    told.write(ClaimTakenOver(holder={"host": "h", "pid": 2, "started": 1}))
    now = told.now()
    assert now.claim is not None
    assert (now.claim.holder["pid"], now.claim.release) == (2, "a")
    assert now.attempt.units == ("networking",)


def test_a_failed_check_is_not_passed(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a", outcome=Outcome.FAILED)
    assert told.now().smoked == frozenset()


def test_a_unit_that_was_rolled_back_to_nothing_is_gone(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(UnitRolledBack(unit="networking", release="a", receipt=None))
    assert told.now().receipts == {}


def test_a_unit_that_was_left_as_it_is_has_not_passed_its_checks(told: Told) -> None:
    told.claim("a")
    told.apply("database", "a")
    told.write(UnitRolledBack(unit="database", release="a", receipt=receipt("database", "a"), kept="it is stateful"))
    now = told.now()
    assert list(now.receipts) == ["database"]
    assert now.smoked == frozenset()


def test_a_rejected_release_leaves_the_one_before_verified(told: Told) -> None:
    told.write(ReleaseVerified(release="a"))
    told.claim("b")
    told.write(UnitApplying(unit="networking", release="b", plan=""))
    told.write(EnvironmentRestored(release="b"))
    told.write(ReleaseRejected(release="b", why="smoke"))
    assert (told.now().verified, told.now().rejected) == ("a", {"b"})
    told.write(ReleaseVerified(release="b"))
    assert (told.now().verified, told.now().rejected) == ("b", frozenset())


def test_a_unit_that_the_rejected_release_did_not_change_is_on_its_earlier_receipt(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(ReleaseVerified(release="a"))
    told.write(ClaimClosed(outcome="succeeded"))
    told.claim("b")
    told.write(UnitApplied(unit="networking", release="a", receipt=receipt("networking", "b")))
    told.write(EnvironmentRestored(release="b"))
    assert told.now().receipts["networking"].target.release == "a"


def test_a_failed_rollback_blocks_until_it_is_resolved(told: Told) -> None:
    told.write(UnitRollbackFailed(unit="networking", release="a", why="no"))
    assert told.now().blocked == "no"
    told.write(EnvironmentResolved(reason="done by hand"))
    assert told.now().blocked is None


def test_entries_of_kinds_that_only_inform_change_nothing(told: Told) -> None:
    told.write(DriftReported(release="a", drifted=[]))
    told.write(UnitPlanned(unit="networking", release="a", counts={}))
    now = told.now()
    assert (now.receipts, now.claim, now.verified) == ({}, None, None)


def test_a_verified_environment_has_nothing_to_roll_back(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(ReleaseVerified(release="a"))
    now = told.now()
    assert (now.attempt.units, now.attempt.before.receipts, now.attempt.before.verified) == ((), now.receipts, "a")


def test_a_rolled_back_unit_has_passed_only_if_it_had_before(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a", outcome=Outcome.UNANSWERED)
    told.write(ClaimClosed(outcome="failed"))
    told.claim("b")
    told.apply("networking", "b")
    told.write(UnitRolledBack(unit="networking", release="a", receipt=receipt("networking", "a")))
    assert told.now().smoked == frozenset()


SERIAL_12, SERIAL_13 = Baseline("serial 12"), Baseline("serial 13")


def test_the_checks_of_a_unit_that_was_left_as_it_is_do_not_hold_again(told: Told) -> None:
    told.claim("a")
    told.apply("database", "a")
    told.write(ReleaseVerified(release="a"))
    told.write(ClaimClosed(outcome="succeeded"))
    told.claim("b")
    told.apply("database", "b")
    told.write(UnitRolledBack(unit="database", release="b", receipt=receipt("database", "b"), kept="left in place"))
    assert told.now().smoked == frozenset()


def test_a_baseline_is_kept_and_the_first_one_counts(told: Told) -> None:
    told.write(UnitAdopted(unit="networking", release="a", baseline=SERIAL_12, counts={}))
    told.claim("a")
    told.write(UnitApplying(unit="networking", release="a", plan="", baseline=SERIAL_13))
    told.write(UnitApplying(unit="database", release="a", plan="", baseline=SERIAL_13))
    told.write(ClaimClosed(outcome="failed"))
    assert told.now().baselines == {"networking": SERIAL_12, "database": SERIAL_13}


def test_what_applies_create_adds_up_until_the_environment_is_good_again(told: Told) -> None:
    told.claim("a")
    told.write(UnitApplying(unit="networking", release="a", plan="1", creates=("vpc",)))
    told.write(UnitApplying(unit="networking", release="a", plan="2", creates=("subnet",)))
    assert told.now().attempt.created == {"networking": {"vpc", "subnet"}}
    told.write(ClaimClosed(outcome="failed"))
    assert told.now().attempt.created == {"networking": {"vpc", "subnet"}}
    told.write(ReleaseVerified(release="a"))
    assert told.now().attempt.created == {}


def test_what_applies_change_in_the_state_is_known_until_the_environment_is_good_again(told: Told) -> None:
    moved, forgotten = StateChange(Action.MOVE, "vpc", "old"), StateChange(Action.FORGET, "subnet", identity="s-1")
    told.claim("a")
    told.write(UnitApplying(unit="networking", release="a", plan="1", state_changes=(moved,)))
    told.write(UnitApplying(unit="networking", release="a", plan="2", state_changes=(moved, forgotten)))
    assert told.now().attempt.state_changes == {"networking": (moved, forgotten)}
    told.write(ReleaseVerified(release="a"))
    assert told.now().attempt.state_changes == {}


def test_a_run_that_stopped_halfway_keeps_the_state_to_roll_back_to(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(ReleaseVerified(release="a"))
    told.write(ClaimClosed(outcome="succeeded"))
    told.claim("b")
    told.apply("networking", "b")
    told.write(ClaimClosed(outcome="failed"))
    told.claim("c")
    assert told.now().attempt.before.receipts["networking"].target.release == "a"
    assert told.now().attempt.units == ("networking",)


CHANGE = Change("aws_vpc.this", "aws_vpc", Action.UPDATE, {"a": 1}, {"a": 2})


def test_the_newest_residual_differences_count(told: Told) -> None:
    told.claim("a")
    told.apply("networking", "a")
    told.write(UnitSettled(unit="networking", release="a", residual=(CHANGE,)))
    assert told.now().residual == {"networking": (CHANGE,)}
    told.write(UnitSettled(unit="networking", release="a"))
    assert told.now().residual == {"networking": ()}


@pytest.mark.parametrize(
    "moved",
    [
        UnitApplied(unit="networking", release="b", receipt=receipt("networking", "b")),
        UnitRolledBack(unit="networking", release="b", receipt=None),
    ],
    ids=["applied", "rolled back"],
)
def test_residual_differences_are_those_of_what_is_applied_now(told: Told, moved: Event) -> None:
    told.write(UnitSettled(unit="networking", release="a", residual=(CHANGE,)))
    told.write(UnitSettled(unit="database", release="a", residual=(CHANGE,)))
    told.write(moved)
    assert told.now().residual == {"database": (CHANGE,)}


@pytest.mark.parametrize(
    "end",
    [ClaimClosed(outcome="succeeded"), EnvironmentRestored(release="a"), ReleaseVerified(release="a")],
    ids=["closed", "restored", "verified"],
)
def test_an_environment_is_interrupted_until_a_run_has_finished_it(told: Told, end: Event) -> None:
    told.claim("a")
    told.write(EnvironmentInterrupted(release="a", units=("networking",), why="no answer"))
    told.write(ClaimTakenOver(holder={}))
    assert told.now().interrupted == "no answer"
    told.write(end)
    assert told.now().interrupted is None


def test_a_claim_keeps_where_its_release_came_from(told: Told) -> None:
    origin = Provenance(commit="c", author="Anna")
    claimed = EnvironmentClaimed(release="a", purpose="promote", holder={}, release_digest="d", provenance=origin)
    told.write(claimed)
    held = told.now().claim
    assert held is not None
    assert (held.release_digest, held.provenance) == ("d", origin)


def test_a_release_that_is_verified_again_soaks_since_the_first_time(told: Told) -> None:
    first = told.write(ReleaseVerified(release="a"))
    told.claim("a")
    told.write(ReleaseVerified(release="a"))
    assert told.now().verified_at == first


def test_another_release_that_was_rolled_back_restarts_the_soak_time(told: Told) -> None:
    told.write(ReleaseVerified(release="a"))
    told.claim("b")
    told.write(UnitApplying(unit="networking", release="b", plan=""))
    assert told.now().verified_at is None
    back = told.write(EnvironmentRestored(release="b"))
    assert (told.now().verified, told.now().verified_at) == ("a", back)


def test_a_promotion_that_changed_nothing_leaves_the_soak_time_alone(told: Told) -> None:
    first = told.write(ReleaseVerified(release="a"))
    told.claim("b")
    told.write(EnvironmentRestored(release="b"))
    assert told.now().verified_at == first


def verify(told: Told, release: str) -> None:
    told.claim(release)
    told.write(ReleaseVerified(release=release, rules={"gate": release}))
    told.write(ClaimClosed(outcome="succeeded"))


@pytest.mark.parametrize(
    ("history", "order"),
    [("A", "A"), ("A B C", "A B C"), ("A B A", "B A"), ("A B C D A", "B C D A"), ("A B B", "A B")],
)
def test_releases_are_kept_in_the_order_in_which_each_was_last_verified(told: Told, history: str, order: str) -> None:
    for release in history.split():
        verify(told, release)
    assert told.now().past.verified_releases == tuple(order.split())


def test_the_rules_are_those_of_the_release_that_was_verified_last(told: Told) -> None:
    verify(told, "a")
    verify(told, "b")
    told.claim("c")
    assert told.now().past.rules == {"gate": "b"}


def test_the_release_that_was_begun_last_is_that_of_the_last_promotion(told: Told) -> None:
    told.claim("a")
    told.write(ClaimClosed(outcome="failed"))
    told.write(EnvironmentClaimed(release="b", purpose="roll back to", holder={}))
    assert told.now().past.last_begun == "a"


def test_an_environment_is_frozen_until_it_is_thawed(told: Told) -> None:
    told.write(EnvironmentFrozen(reason="sale", until="2030-01-01"))
    assert told.now().frozen == ManualFreeze("ada", "sale", "2030-01-01")
    told.write(EnvironmentThawed(reason="over"))
    assert told.now().frozen is None


def asked(plan_set: str, expires: str = "2100-01-01T00:00:00+00:00") -> ApprovalRequested:
    return ApprovalRequested(
        release="a",
        plan_set=plan_set,
        units={},
        author="",
        expires=expires,
        approvers=(),
        identity="any",
        purpose="promote",
    )


def known_approvals(told: Told) -> list[tuple[str, str]]:
    return [(each.asked.plan_set, each.decision) for each in told.now().approvals]


def test_a_decision_belongs_to_its_plan_set(told: Told) -> None:
    told.write(asked("1"))
    told.write(asked("2"))
    told.write(PlanSetApproved(release="a", plan_set="1", by="ben", how="", identity="host", reason=""))
    assert known_approvals(told) == [("1", "approved"), ("2", "wanted")]


def test_a_repeated_request_for_approval_is_the_newest(told: Told) -> None:
    told.write(asked("1"))
    told.write(asked("2"))
    told.write(asked("1"))
    assert known_approvals(told) == [("2", "wanted"), ("1", "wanted")]


def test_expired_requests_are_dropped_when_another_one_is_made(told: Told) -> None:
    told.write(asked("1", expires="2020-01-01T00:00:00+00:00"))
    assert known_approvals(told) == [("1", "wanted")]
    told.write(asked("2"))
    assert known_approvals(told) == [("2", "wanted")]


def test_a_verified_release_carries_the_origin_of_its_own_promotion(told: Told) -> None:
    for release, author in (("a", "Anna"), ("b", "Ben"), ("a", "Ben"), ("c", "Carl")):
        origin = Provenance(author=author)
        told.write(EnvironmentClaimed(release=release, purpose="promote", holder={}, provenance=origin))
        if release != "c":
            told.write(ReleaseVerified(release=release))
    assert {release: origin.author for release, origin in told.now().past.origins.items()} == {"a": "Ben", "b": "Ben"}


def test_the_first_promotion_of_a_release_says_what_its_record_is(told: Told) -> None:
    for digest in ("", "d", "e"):
        told.write(EnvironmentClaimed(release="a", purpose="promote", holder={}, release_digest=digest))
    assert told.now().past.records == {"a": "d"}
