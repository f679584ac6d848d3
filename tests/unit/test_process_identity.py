"""Process identities: a process is over only when that is certain."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.process_identity import ProcessIdentity, current, is_over, machine_was_restarted, sees_its_host

WHO = "import json, sys; from tasks.process_identity import *; print(json.dumps(current().record()), flush=True); "
PYTHON = (sys.executable, "-c")
UNSHARED = ("--pid", "--fork", "--mount-proc")


def identify(line: str) -> ProcessIdentity:
    return ProcessIdentity.from_record(json.loads(line))


def unshare() -> tuple[str, ...]:
    """How this user enters another PID namespace; empty where the system does not allow it."""
    for how in (("unshare", *UNSHARED), ("unshare", "--user", "--map-root-user", *UNSHARED)):
        try:
            if subprocess.run([*how, "true"], capture_output=True).returncode == 0:
                return how
        except FileNotFoundError:
            break
    return ()


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], ProcessIdentity]]:
    """A process that waits for the end of its input, and its identity."""
    process = subprocess.Popen(
        [*PYTHON, f"{WHO} input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    with process:
        yield process, identify(process.stdout.readline())


def test_a_running_process_is_not_over(child: tuple[subprocess.Popen[str], ProcessIdentity]) -> None:
    assert not is_over(child[1])


def test_an_ended_process_is_over(child: tuple[subprocess.Popen[str], ProcessIdentity]) -> None:
    process, identity = child
    process.communicate()
    assert is_over(identity)


def test_a_zombie_is_over(child: tuple[subprocess.Popen[str], ProcessIdentity]) -> None:
    process, identity = child
    assert process.stdin
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_over(identity)


def test_a_reused_process_id_is_another_process() -> None:
    assert is_over(replace(current(), started=current().started - 1))


def test_a_record_reads_back_without_what_a_newer_version_added() -> None:
    assert ProcessIdentity.from_record({**current().record(), "later": 1}) == current()


def test_two_processes_differ(child: tuple[subprocess.Popen[str], ProcessIdentity]) -> None:
    assert child[1].pid == child[0].pid
    assert child[1].boot == current().boot


NOWHERE = 2**22 + 1
"""Above the highest process id that Linux gives out."""

OTHERS = {
    "another PID namespace": {"namespace": "1", "pid": NOWHERE},
    "another machine": {"boot": "b", "machine": "m", "pid": NOWHERE},
    "a clone of this machine": {"boot": "b", "host": "clone", "pid": NOWHERE},
    "a container whose machine restarted": {"boot": "b", "namespace": "1", "pid": NOWHERE},
    "a record without a boot id": {"boot": "", "pid": NOWHERE},
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_what_cannot_be_known_is_not_over(change: dict[str, str | int]) -> None:
    assert not is_over(ProcessIdentity.from_record({**current().record(), **change}))


OUTSIDE = ProcessIdentity("host", 7, 100, boot="now", namespace="4026531836", machine="m")


def test_a_restart_of_the_machine_ends_its_processes() -> None:
    assert machine_was_restarted(replace(OUTSIDE, boot="before"), OUTSIDE)


@pytest.mark.parametrize("change", [{"host": "clone"}, {"machine": "other"}, {"machine": ""}, {"namespace": "1"}])
def test_a_restart_elsewhere_says_nothing(change: dict[str, str]) -> None:
    assert not machine_was_restarted(ProcessIdentity.from_record({**OUTSIDE.record(), **change}), OUTSIDE)


def test_without_proc_a_running_process_is_known_by_its_start(tmp_path: Path) -> None:
    ours = current(tmp_path)
    assert not is_over(ours, tmp_path)
    assert is_over(replace(ours, started=ours.started - 1), tmp_path)


def test_without_proc_another_host_is_unknown(tmp_path: Path) -> None:
    assert not is_over(replace(current(tmp_path), host="elsewhere", pid=NOWHERE), tmp_path)


if UNSHARE := unshare():

    def test_a_run_outside_a_container_is_not_over_inside() -> None:
        ask = f"from tasks.process_identity import *; print(is_over(ProcessIdentity(**{current().record()!r})))"
        done = subprocess.run([*UNSHARE, *PYTHON, ask], capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"

    def test_a_run_inside_a_container_is_not_over_outside() -> None:
        done = subprocess.run([*UNSHARE, *PYTHON, WHO], capture_output=True, text=True, check=True)
        assert not is_over(identify(done.stdout))

    def test_a_proc_of_another_namespace_tells_nothing() -> None:
        """`unshare --pid` without `--mount-proc`: /proc shows processes of the namespace outside."""
        ask = "from tasks.process_identity import *; from dataclasses import replace; "
        gone = f"{ask} print(is_over(replace(current(), pid={NOWHERE})))"
        how = [part for part in UNSHARE if part != "--mount-proc"]
        done = subprocess.run([*how, *PYTHON, gone], capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("pid", "uts", "seen"),
    [(4026531836, 4026531838, True), (4026532100, 4026532101, True), (4026532100, 4026531838, False)],
    ids=["a machine", "a container with a name of its own", "a container with its machine's name"],
)
def test_a_container_with_the_name_of_its_machine_does_not_see_that_ones_processes(
    tmp_path: Path, pid: int, uts: int, seen: bool
) -> None:
    (tmp_path / "self/ns").mkdir(parents=True)
    for name, inode in (("pid", pid), ("uts", uts)):
        (tmp_path / "self/ns" / name).symlink_to(f"{name}:[{inode}]")
    assert sees_its_host(tmp_path) is seen
