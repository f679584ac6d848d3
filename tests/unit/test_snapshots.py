"""Snapshots: a shortcut that is only taken where it fits."""

import json
from collections.abc import Callable
from functools import reduce

import pytest

from tasks.domain.events import ClaimClosed, EnvironmentClaimed, UnitPlanned
from tasks.domain.values import digest_of
from tasks.ledger import snapshots
from tasks.ledger.auditing import audit
from tasks.ledger.chain import Ledger
from tasks.ledger.folding import fold
from tasks.ledger.snapshots import AFTER_A_RUN
from tasks.ledger.state import EnvironmentState
from tests.doubles.memory_store import MemoryStore
from tests.unit.test_events import EXAMPLES

CLAIMED = EnvironmentClaimed(release="a", purpose="promote", holder={})
FIRST, SECOND = "snapshots/dev/00000200.json", "snapshots/dev/00000400.json"


def fill(store: MemoryStore, entries: int, platform: str = "shop") -> None:
    ledger = Ledger(store, "ada", platform=platform)
    for number in range(entries):
        ledger.append("dev", UnitPlanned(unit="orders", release="a", counts={"create": number}))


@pytest.fixture(scope="module")
def filled() -> MemoryStore:
    """450 entries, with two snapshots."""
    made = MemoryStore()
    fill(made, 450)
    return made


@pytest.fixture
def store(filled: MemoryStore) -> MemoryStore:
    made = MemoryStore()
    made.objects = dict(filled.objects)
    return made


def test_a_snapshot_is_written_every_two_hundred_entries(store: MemoryStore) -> None:
    assert store.names("snapshots") == (FIRST, SECOND)


@pytest.mark.parametrize(("entries", "names"), [(AFTER_A_RUN - 2, ()), (AFTER_A_RUN - 1, ("00000050",))])
def test_a_run_that_wrote_much_leaves_a_snapshot(entries: int, names: tuple[str, ...]) -> None:
    made = MemoryStore()
    fill(made, entries)
    Ledger(made, "ada", platform="shop").append("dev", ClaimClosed(outcome="succeeded"))
    assert made.names("snapshots") == tuple(f"snapshots/dev/{name}.json" for name in names)


def test_a_reader_begins_at_the_newest_snapshot(store: MemoryStore) -> None:
    assert Ledger(store, "bob").state("dev").number == 450
    # The snapshot, the entry that it was taken at, and the entries behind it.
    assert store.asked["read"] == 52


def test_a_state_from_a_snapshot_is_that_of_the_whole_chain(store: MemoryStore) -> None:
    ledger = Ledger(store, "bob")
    assert ledger.state("dev") == reduce(fold, ledger.entries("dev"), EnvironmentState("dev"))


def test_a_second_read_starts_where_the_first_one_ended(store: MemoryStore) -> None:
    ledger = Ledger(store, "bob")
    ledger.state("dev")
    store.asked.clear()
    ledger.append("dev", CLAIMED)
    assert ledger.state("dev").number == 451
    assert store.asked == {"read": 2, "create": 1}


def test_every_field_of_a_state_is_kept() -> None:
    store = MemoryStore()
    ledger = Ledger(store, "ada")
    for event in EXAMPLES:
        ledger.append("dev", event)
    state = ledger.state("dev")
    snapshots.write(store, state)
    assert [kept for _, kept in snapshots.valid(store, "dev")] == [state]


def changed(store: MemoryStore, **fields: object) -> None:
    """Change the newest snapshot together with its digest."""
    content = {key: value for key, value in json.loads(store.objects[SECOND]).items() if key != "digest"}
    content.update(fields)
    store.objects[SECOND] = json.dumps({**content, "digest": digest_of(content)}).encode()


def state_with(store: MemoryStore, **fields: object) -> dict[str, object]:
    return {**json.loads(store.objects[SECOND])["state"], **fields}


UNFIT: dict[str, Callable[[MemoryStore], object]] = {
    "empty": lambda s: s.objects.update({SECOND: b""}),
    "truncated": lambda s: s.objects.update({SECOND: s.objects[SECOND][:100]}),
    "edited": lambda s: s.objects.update({SECOND: s.objects[SECOND].replace(b'"shop"', b'"bank"')}),
    "a copy of another": lambda s: s.objects.update({SECOND: s.objects[FIRST]}),
    "of another version": lambda s: changed(s, version=snapshots.VERSION + 1),
    "with an unknown field": lambda s: changed(s, state=state_with(s, mood="good")),
    "of another platform": lambda s: changed(s, state=state_with(s, platform="bank")),
    "of another chain": lambda s: changed(s, state=state_with(s, head="0" * 64)),
}


@pytest.mark.parametrize("damage", UNFIT.values(), ids=UNFIT)
def test_an_invalid_snapshot_is_ignored(store: MemoryStore, damage: Callable[[MemoryStore], object]) -> None:
    damage(store)
    ledger = Ledger(store, "bob", platform="shop")
    assert ledger.state("dev") == reduce(fold, ledger.entries("dev"), EnvironmentState("dev"))


def test_after_an_update_older_snapshots_are_not_read_one_by_one(store: MemoryStore) -> None:
    changed(store, version=snapshots.VERSION - 1)
    store.asked.clear()
    assert Ledger(store, "bob").state("dev").number == 450
    assert store.asked["read"] == 1 + 450, "the newest snapshot, and the chain"


def test_without_a_valid_snapshot_the_whole_chain_is_read(store: MemoryStore) -> None:
    store.objects[FIRST] = store.objects[SECOND] = b""
    assert Ledger(store, "bob").state("dev").number == 450


def test_a_writer_writes_the_snapshot_that_another_one_did_not(store: MemoryStore) -> None:
    del store.objects[FIRST], store.objects[SECOND]
    Ledger(store, "bob").append("dev", CLAIMED)
    assert store.names("snapshots") == ("snapshots/dev/00000451.json",)


def test_an_audit_finds_a_snapshot_with_another_state(store: MemoryStore) -> None:
    changed(store, state=state_with(store, verified="b"))
    assert audit(store, "dev").problems == [
        f"{SECOND}: it differs from the state after entry 400. Delete it; the next one is correct"
    ]


def test_an_audit_finds_that_the_newest_entries_were_cut_off(store: MemoryStore) -> None:
    for number in range(390, 451):
        del store.objects[f"ledger/dev/{number:08d}.json"]
    (problem,) = audit(store, "dev").problems
    assert problem.startswith(f"ledger/dev/00000390.json: it and what came after it is missing: there is a {SECOND}.")


def test_an_audit_of_a_whole_chain_finds_nothing(store: MemoryStore) -> None:
    assert audit(store, "dev", "shop").problems == []
