"""What a run and its jobs write for each other: once, without secrets, and never for nobody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks import process_identity
from tasks.domain.errors import InvalidInput, Refused, Unanswered
from tasks.domain.plan import Artifact, Plan
from tasks.domain.release import Target
from tasks.jobs.records import Answer, JobRequest
from tasks.jobs.work import work
from tests.doubles.memory_store import MemoryStore
from tests.unit.promotion.conftest import Shop
from tests.unit.promotion.pools import nobody


class RepeatingStore(MemoryStore):
    """The answers to its writes of some files are lost; its client writes again, and finds what it wrote itself."""

    def __init__(self, *files: str) -> None:
        super().__init__()
        self.files = files

    def create(self, name: str, data: bytes) -> None:
        super().create(name, data)
        if name.endswith(self.files):
            super().create(name, bytes(bytearray(data)))


class SilentStore(MemoryStore):
    """Does not respond to some requests, once to each: ("read", the file's name)."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: set[tuple[str, str]] = set()

    def create(self, name: str, data: bytes) -> None:
        self._meet("create", name)
        super().create(name, data)

    def read(self, name: str) -> bytes:
        self._meet("read", name)
        return super().read(name)

    def _meet(self, call: str, name: str) -> None:
        if (call, name) in self.silent:
            self.silent.remove((call, name))
            raise Unanswered("the store does not respond")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, MemoryStore(), pooled=True)


def test_a_job_is_done_once(keeping: Shop) -> None:
    keeping.promoted("blue")
    (job,) = [job for job in keeping.pool.submitted if "-mail-apply-" in job]
    with pytest.raises(Refused, match="done once at most"):
        work(keeping.pool.job_runtime(), "dev", job)
    assert keeping.world.done.count("apply dev/mail") == 1


@pytest.mark.parametrize("job", ["20300107T120000000000-mail-apply-0123abcd", "../../ledger/dev", ""])
def test_a_job_that_nobody_asked_for_is_refused(shop: Shop, job: str) -> None:
    shop.promoted("blue")
    with pytest.raises(InvalidInput, match="promotions start jobs themselves"):
        work(shop.pool.job_runtime(), "dev", job)


def test_no_file_of_a_tool_is_in_the_store(shop: Shop) -> None:
    target = Target("blue", "dev", "mail")
    plan = Plan(target, "fake", (), "u", "i", artifact=Artifact(Path("secret.tfplan"), "0" * 64))
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", target, "blue", plan=plan))
    desk.answer(job, Answer("2030-01-07T12:00:00+00:00", plan=plan))
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    assert [name for name, content in store.objects.items() if b"tfplan" in content] == []
    assert (desk.request(job).plan or plan).digest == plan.digest


def test_a_machine_that_begins_a_job_is_in_the_store(keeping: Shop) -> None:
    keeping.promoted("blue")
    begun = [keeping.pool.desk().begun(job) for job in keeping.pool.submitted]
    assert {each.holder["pid"] for each in begun if each} == {process_identity.current().pid}


def test_looking_for_jobs_at_work_on_a_unit_reads_no_other_jobs(shop: Shop) -> None:
    desk, since, store = shop.pool.desk(), shop.clock.now() - timedelta(seconds=1), shop.runtime.store
    assert isinstance(store, MemoryStore)
    for call, name in [("apply", "mail"), ("plan", "mail"), *(("apply", f"other-{number}") for number in range(50))]:
        desk.begin(desk.ask(JobRequest(call, Target("blue", "dev", name), "blue")), {"host": name})  # type: ignore[arg-type]
    store.asked.clear()
    assert [begun.holder["host"] for _, begun in desk.unanswered_applies(since, "mail")] == ["mail"]
    assert store.asked["read"] == 2


def test_a_job_whose_beginning_was_written_twice_is_done(tmp_path: Path) -> None:
    shop = Shop(tmp_path, RepeatingStore("/begun.json"), pooled=True)
    shop.promoted("blue")
    assert shop.live()["mail"] == {"it": "blue"}


def test_a_withdrawal_that_was_written_twice_holds(tmp_path: Path) -> None:
    shop = Shop(tmp_path, RepeatingStore("/begun.json"), pooled=True)
    shop.pool.instead = [("-mail-plan-", nobody)] * 3
    with pytest.raises(Unanswered, match="no worker of the work pool units"):
        shop.promote(shop.release("blue"))


def test_a_job_that_was_withdrawn_is_withdrawn_again_and_never_begun(shop: Shop) -> None:
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", Target("blue", "dev", "mail"), "blue"))
    assert desk.begin(job, {"host": "here"}, withdrawn=True)
    assert desk.begin(job, {"host": "here"}, withdrawn=True)
    assert not desk.begin(job, {"host": "here"})


def test_a_job_that_was_begun_is_not_withdrawn(shop: Shop) -> None:
    desk = shop.pool.desk()
    job = desk.ask(JobRequest("apply", Target("blue", "dev", "mail"), "blue"))
    assert desk.begin(job, {"host": "here"})
    assert not desk.begin(job, {"host": "here"}, withdrawn=True)


def test_no_secret_of_a_jobs_error_is_in_the_store(shop: Shop) -> None:
    def telling(*_: Any) -> Any:
        raise Refused("the tool was run with password=hunter2-hunter2")

    shop.world.fail("mail", "plan", telling)
    with pytest.raises(Refused, match="the tool was run with password"):
        shop.promote(shop.release("blue"))
    store = shop.runtime.store
    assert isinstance(store, MemoryStore)
    assert [name for name, content in store.objects.items() if b"hunter2" in content] == []


@pytest.mark.parametrize("call", ["read", "create"])
def test_an_apply_that_the_store_said_nothing_of_is_withdrawn_before_anything_else_of_its_unit(
    tmp_path: Path, call: str
) -> None:
    store = SilentStore()
    shop = Shop(tmp_path, store, pooled=True)
    found: list[Any] = []

    def nobody_yet(environment: str, job: str) -> str:
        store.silent.add((call, f"jobs/{environment}/{job}/begun.json"))
        return ""

    def look(environment: str, job: str) -> str:
        waiting = next(each for each in shop.pool.submitted if "-mail-apply-" in each)
        found.append(shop.pool.desk(environment).begun(waiting))
        return shop.pool.done(environment, job)

    shop.pool.instead = [("-mail-apply-", nobody_yet), ("-mail-apply-", look)]
    shop.promoted("blue")
    assert store.silent == set()
    assert [each.withdrawn for each in found] == [True]
    assert "observe mail" not in shop.pool.calls
