"""What is received stays, once, until it is done with."""

import sqlite3
import stat
import uuid
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from deployments.github.events import Ignored, Intent, Refusal, Why, deliver, pull_request
from deployments.github.inbox import Entry, Inbox, Receipt, State
from deployments.github.journal import Journal
from deployments.github.schema import STEPS
from tasks.domain.errors import InvalidInput, Unanswered

OLD_DELIVERY = "VALUES ('a', 'push', 1, 1, 'received')"
COMMAND = Intent("comment/flowmart", {"body": "/flowmart plan"})


def receive(inbox: Inbox, id: str, decision: Any, event: str = "event") -> Receipt:
    return inbox.receive(id, event, decision).result(10)


def only(inbox: Inbox, id: str) -> Entry:
    (found,) = inbox.find(id)
    return found


def head(sha: str, moment: float = 0, number: int = 7) -> Intent:
    return pull_request("flowmart/shop", number, sha, moment)


def test_what_was_received_is_there_for_the_next_process(file: Path) -> None:
    first = Inbox(file)
    receive(first, "a", COMMAND)
    first.close()
    second = Inbox(file)
    (waiting,) = second.waiting()
    assert (waiting.id, waiting.deployment, waiting.parameters) == ("a", "comment/flowmart", COMMAND.parameters)
    second.close()


def test_nobody_else_on_the_machine_can_read_it(inbox: Inbox, file: Path) -> None:
    receive(inbox, "a", COMMAND)
    modes = {stat.S_IMODE(found.stat().st_mode) for found in file.parent.iterdir()}
    assert modes == {0o600}


def test_a_delivery_that_comes_again_changes_nothing(inbox: Inbox) -> None:
    assert receive(inbox, "a", COMMAND) == Receipt(State.RECEIVED, "")
    assert receive(inbox, "a", COMMAND) == Receipt(State.RECEIVED, "", known=True)
    inbox.dispatched(only(inbox, "a"), "run-1").result(10)
    assert receive(inbox, "a", COMMAND) == Receipt(State.DISPATCHED, "", known=True)
    assert inbox.counts() == {State.DISPATCHED: 1}


def test_a_refused_delivery_that_comes_again_is_decided_anew(inbox: Inbox) -> None:
    receive(inbox, "a", Refusal("not on the allowlist", Why.REPOSITORY))
    assert receive(inbox, "a", COMMAND) == Receipt(State.RECEIVED, "")
    assert [entry.id for entry in inbox.waiting()] == ["a"]


def test_a_newer_head_supersedes_the_one_that_waits(inbox: Inbox) -> None:
    receive(inbox, "old", head("a" * 40, 100))
    receive(inbox, "other", head("a" * 40, 100, number=8))
    receive(inbox, "new", head("b" * 40, 200))
    assert [entry.id for entry in inbox.waiting()] == ["other", "new"]
    assert (only(inbox, "old").state, only(inbox, "old").reason) == (State.IGNORED, "superseded by new")


def test_without_a_time_the_one_that_came_later_is_the_newer(inbox: Inbox) -> None:
    receive(inbox, "old", head("a" * 40))
    receive(inbox, "new", head("b" * 40))
    assert [entry.id for entry in inbox.waiting()] == ["new"]


@pytest.mark.parametrize("is_dispatched", [False, True])
def test_an_older_head_that_comes_late_starts_nothing(inbox: Inbox, is_dispatched: bool) -> None:
    receive(inbox, "new", head("b" * 40, 200))
    if is_dispatched:
        inbox.dispatched(only(inbox, "new"), "run-1").result(10)
    assert receive(inbox, "late", head("a" * 40, 100)) == Receipt(State.IGNORED, "superseded by new")


def test_a_head_that_the_sweep_found_is_not_started_again_by_its_late_delivery(inbox: Inbox) -> None:
    receive(inbox, "swept", head("b" * 40, 200))
    assert receive(inbox, "late", head("b" * 40, 200)).reason == "superseded by swept"


def test_commands_never_supersede_each_other(inbox: Inbox) -> None:
    receive(inbox, "a", COMMAND)
    receive(inbox, "b", COMMAND)
    assert [entry.id for entry in inbox.waiting()] == ["a", "b"]


def test_a_pull_request_and_a_branch_are_different_subjects(inbox: Inbox) -> None:
    receive(inbox, "a", head("a" * 40, 100))
    receive(inbox, "b", deliver("flowmart/shop", "main", "b" * 40, 200))
    assert [entry.id for entry in inbox.waiting()] == ["a", "b"]


def test_asked_for_again_it_has_another_key_only_if_it_was_started(inbox: Inbox) -> None:
    receive(inbox, "a", COMMAND)
    inbox.failed(only(inbox, "a"), "no").result(10)
    inbox.again(only(inbox, "a")).result(10)
    assert (only(inbox, "a").state, only(inbox, "a").key) == (State.RECEIVED, "a")
    inbox.dispatched(only(inbox, "a"), "run-1").result(10)
    inbox.again(only(inbox, "a")).result(10)
    assert (only(inbox, "a").state, only(inbox, "a").key) == (State.RECEIVED, "a:1")


def test_only_what_was_done_with_is_forgotten_and_never_the_last_head_of_a_subject(inbox: Inbox) -> None:
    receive(inbox, "waits", COMMAND)
    receive(inbox, "ignored", Ignored("nothing to do"))
    receive(inbox, "failed", COMMAND)
    inbox.failed(only(inbox, "failed"), "no").result(10)
    for id, sha in {"first": "a" * 40, "last": "b" * 40}.items():
        receive(inbox, id, head(sha))
        inbox.dispatched(only(inbox, id), "run").result(10)
    assert inbox.prune(only(inbox, "last").changed + 1).result(10) == 2
    assert {entry.id for entry in inbox.newest()} == {"waits", "failed", "last"}


def test_many_at_once_are_all_kept(inbox: Inbox) -> None:
    ids = [str(uuid.uuid4()) for _ in range(500)]
    futures = [inbox.receive(id, "event", COMMAND) for id in ids]
    assert all(future.result(10).state is State.RECEIVED for future in futures)
    assert [entry.id for entry in inbox.waiting(limit=1000)] == ids


def test_one_that_cannot_be_written_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", ["CREATE TABLE kept (word TEXT)"])
    words = ["one", "\ud800", "two"]
    futures: list[Future[Any]] = [
        journal.write(lambda c, word=word: c.execute("INSERT INTO kept VALUES (?)", (word,)).rowcount)  # type: ignore[misc]
        for word in words
    ]
    assert [future.exception(10) is None for future in futures] == [True, False, True]
    with journal.reading() as connection:
        assert [row["word"] for row in connection.execute("SELECT word FROM kept")] == ["one", "two"]
    journal.close()


def test_an_inbox_of_an_earlier_version_keeps_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "inbox.sqlite"
    old = Journal(file, STEPS[:1])
    old.write(lambda c: c.execute(f"INSERT INTO delivery (id, event, at, changed, state) {OLD_DELIVERY}")).result(10)
    old.close()
    inbox = Inbox(file)
    assert [(entry.id, entry.key, entry.once) for entry in inbox.waiting()] == [("a", "a", "")]
    inbox.close()


def test_a_comment_that_two_webhooks_bring_is_one(inbox: Inbox) -> None:
    command = Intent("comment/flowmart", {"comment": 99}, once="comment-99", author="anna")
    assert receive(inbox, "a", command).state is State.RECEIVED
    again = receive(inbox, "b", command)
    assert (again.state, again.reason) == (State.IGNORED, "the same as delivery a")
    assert [entry.key for entry in inbox.waiting()] == ["comment-99"]


def test_when_the_file_is_gone_it_says_so_instead_of_promising(inbox: Inbox, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE delivery")
    with pytest.raises(Unanswered, match="no such table"):
        receive(inbox, "a", COMMAND)


def test_a_file_that_is_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, and no database at all" * 100)
    with pytest.raises(InvalidInput, match=r"notes\.txt.*FLOWMART_GITHUB_INBOX"):
        Inbox(tmp_path / "notes.txt")


def test_an_inbox_of_a_later_version_is_left_alone(file: Path) -> None:
    Inbox(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(InvalidInput, match="its form is 9"):
        Inbox(file)
