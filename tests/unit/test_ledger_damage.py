"""Damage of a chain: every read names it, no write goes over it, and other environments are not concerned."""

import json
from collections.abc import Callable

import pytest

from tasks.domain.errors import BrokenChain, UnreadableRecord
from tasks.domain.events import ClaimClosed, EnvironmentClaimed, UnitPlanned
from tasks.domain.values import digest_of
from tasks.ledger.auditing import audit
from tasks.ledger.chain import Ledger
from tests.doubles.memory_store import MemoryStore

CLAIMED = EnvironmentClaimed(release="a", purpose="promote", holder={})


def planned(unit: str, creates: int) -> UnitPlanned:
    return UnitPlanned(unit=unit, release="a", counts={"create": creates})


@pytest.fixture
def store() -> MemoryStore:
    """Three entries of dev, and two of staging."""
    made = MemoryStore()
    ledger = Ledger(made, "ada", platform="shop")
    for number in range(3):
        ledger.append("dev", planned("orders", number))
    for number in range(2):
        ledger.append("staging", planned("orders", number))
    return made


def name(number: int, environment: str = "dev") -> str:
    return f"ledger/{environment}/{number:08d}.json"


def edited(store: MemoryStore, number: int, **fields: object) -> None:
    """Change an entry without its digest."""
    content = json.loads(store.objects[name(number)])
    store.objects[name(number)] = json.dumps({**content, **fields}).encode()


def rewritten(store: MemoryStore, at: int, without: str = "", **fields: object) -> None:
    """Change an entry together with its digest."""
    content = {**json.loads(store.objects[name(at)]), **fields}
    content = {key: value for key, value in content.items() if key not in ("digest", without)}
    store.objects[name(at)] = json.dumps({**content, "digest": digest_of(content)}).encode()


def swapped(store: MemoryStore) -> None:
    objects = store.objects
    objects[name(2)], objects[name(3)] = objects[name(3)], objects[name(2)]


def copied(store: MemoryStore, to: str, of: str) -> None:
    store.objects[to] = store.objects[of]


Damage = Callable[[MemoryStore], object]
DAMAGE: dict[str, tuple[Damage, str]] = {
    "an entry of 0 bytes": (lambda s: s.objects.update({name(3): b""}), f"{name(3)}: it is empty"),
    "a truncated entry": (
        lambda s: s.objects.update({name(2): s.objects[name(2)][:40]}),
        f"{name(2)}: it is not an entry",
    ),
    "a document of endless lists": (
        lambda s: s.objects.update({name(2): b"[" * 100_000}),
        f"{name(2)}: it is not an entry",
    ),
    "another document": (lambda s: s.objects.update({name(2): b"[]"}), f"{name(2)}: [] is not an object"),
    "a changed actor": (lambda s: edited(s, 2, actor="eve"), f"{name(2)}: it was changed after it was written"),
    "a changed body": (lambda s: edited(s, 2, body={}), f"{name(2)}: it was changed after it was written"),
    "a changed body with a digest that fits": (
        lambda s: rewritten(s, 2, actor="eve"),
        f"{name(3)}: it does not follow the entry before it",
    ),
    "a removed first entry": (lambda s: s.objects.pop(name(1)), f"{name(1)}: it is missing, and there are later"),
    "a removed middle entry": (lambda s: s.objects.pop(name(2)), f"{name(2)}: it is missing, and there are later"),
    "two swapped entries": (swapped, f"{name(2)}: it holds entry dev/3"),
    "a copy under the next number": (
        lambda s: copied(s, name(4), name(2)),
        f"{name(4)}: it holds entry dev/2",
    ),
    "a copy from another environment": (
        lambda s: copied(s, name(3), name(2, "staging")),
        f"{name(3)}: it holds entry staging/2",
    ),
    "an entry of another platform": (
        lambda s: rewritten(s, 3, platform="bank"),
        f"{name(3)}: it belongs to platform bank, and this is shop",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_chain_is_not_read(store: MemoryStore, damage: Damage, message: str) -> None:
    damage(store)
    with pytest.raises((BrokenChain, UnreadableRecord)) as caught:
        Ledger(store, "bob", platform="shop").state("dev")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_chain_is_not_continued(store: MemoryStore, damage: Damage, message: str) -> None:
    damage(store)
    before = dict(store.objects)
    with pytest.raises((BrokenChain, UnreadableRecord)):
        Ledger(store, "bob", platform="shop").append("dev", CLAIMED)
    assert store.objects == before


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_an_audit_names_the_damage(store: MemoryStore, damage: Damage, message: str) -> None:
    damage(store)
    assert audit(store, "dev", "shop").problems[0].startswith(message)


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_of_one_environment_leaves_the_others_readable(
    store: MemoryStore, damage: Damage, message: str
) -> None:
    damage(store)
    assert Ledger(store, "bob", platform="shop").state("staging").number == 2
    assert audit(store, "staging", "shop").problems == []


def test_a_damage_message_has_the_remedy() -> None:
    store = MemoryStore()
    Ledger(store, "ada").append("dev", CLAIMED)
    store.objects[name(1)] = b""
    with pytest.raises(BrokenChain, match=r"Restore the object from the store's backup.*`flowmart audit` lists all"):
        Ledger(store, "bob").state("dev")


def test_a_copied_chain_of_another_environment_is_refused(store: MemoryStore) -> None:
    for number in (1, 2, 3):
        copied(store, name(number, "production"), name(number))
    with pytest.raises(BrokenChain, match=r"production/00000001\.json: it holds entry dev/1"):
        Ledger(store, "bob", platform="shop").state("production")


def test_a_copy_under_the_next_number_stops_a_writer_that_has_read_the_chain_before(store: MemoryStore) -> None:
    ledger = Ledger(store, "ada", platform="shop")
    assert ledger.state("dev").number == 3
    copied(store, name(4), name(2))
    with pytest.raises(BrokenChain, match=r"00000004\.json: it holds entry dev/2"):
        ledger.append("dev", CLAIMED)


@pytest.mark.parametrize(
    ("fields", "without", "message"),
    [
        ({"approved_by": "ben"}, "", "field approved_by is unknown"),
        ({}, "run", "field run is missing"),
        ({"number": "2"}, "", "2 is not int"),
        ({"kind": "postponed"}, "", r"\(postponed\): unknown kind of entry"),
        ({"version": 2}, "", r"\(planned\): version 2 is unknown"),
        ({"body": {}}, "", r"\(planned\): field counts is missing"),
    ],
)
def test_what_another_version_wrote_is_refused(
    store: MemoryStore, fields: dict[str, object], without: str, message: str
) -> None:
    rewritten(store, 2, without, **fields)
    with pytest.raises(UnreadableRecord, match=rf"00000002\.json.*{message}.*written by another version of flowmart"):
        Ledger(store, "bob", platform="shop").state("dev")


def test_a_field_that_was_added_since_has_its_default(store: MemoryStore) -> None:
    rewritten(store, 3, body={"unit": "orders", "release": "a", "counts": {"create": 2}})
    assert Ledger(store, "bob", platform="shop").entries("dev")[-1].event == planned("orders", 2)


@pytest.mark.parametrize("foreign", ["ledger/README", "ledger/dev/README.md", "ledger/dev/00000004.json.bak"])
def test_objects_that_are_not_entries_are_skipped(store: MemoryStore, foreign: str) -> None:
    store.objects[foreign] = b"read me"
    ledger = Ledger(store, "bob", platform="shop")
    assert ledger.environments() == ("dev", "staging")
    assert ledger.append("dev", CLAIMED).number == 4


def test_an_audit_counts_the_entries_and_names_the_head(store: MemoryStore) -> None:
    found = audit(store, "dev")
    assert (found.entries, found.head) == (3, Ledger(store, "bob").state("dev").head)
    assert (found.problems, found.foreign) == ([], [])


def test_an_audit_lists_objects_that_are_not_entries(store: MemoryStore) -> None:
    store.objects["ledger/dev/README.md"] = b"read me"
    assert audit(store, "dev").foreign == ["ledger/dev/README.md"]


def test_an_audit_lists_all_damage(store: MemoryStore) -> None:
    Ledger(store, "ada", platform="shop").append("dev", CLAIMED)
    store.objects[name(1)] = b""
    del store.objects[name(3)]
    assert [problem.split(". ")[0] for problem in audit(store, "dev").problems] == [
        f"{name(1)}: it is empty",
        f"{name(3)}: it is missing, and there are later entries",
    ]


class LateListing(MemoryStore):
    """A listing that was begun before the first entry was there, and ended after the second one was."""

    def names(self, prefix: str, after: str | None = None) -> tuple[str, ...]:
        listed = super().names(prefix, after)
        return listed[1:] if self.asked["names"] == 2 else listed


def test_an_entry_that_is_written_while_the_chain_is_listed_is_not_missing() -> None:
    store = LateListing()
    writer = Ledger(store, "ada")
    store.asked["names"] = 10
    writer.append("dev", CLAIMED)
    writer.append("dev", ClaimClosed(outcome="failed"))
    store.asked.clear()
    assert Ledger(store, "bob").state("dev").number == 2
