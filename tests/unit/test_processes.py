"""Running programs: output, time limits, a gentle end before a hard one."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tasks import processes
from tasks.domain.errors import Refused, Unanswered, Unequipped
from tasks.processes import Command

PATIENT = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (print("saved", flush=True), sys.exit(3)))
print("ready", flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def python(program: str, *, time_limit: float = 30, **variables: str) -> Command:
    return Command((sys.executable, "-c", program), Path.cwd(), variables, time_limit)


def started(program: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_output_error_and_exit_code_come_back() -> None:
    done = processes.run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"))
    assert (done.stdout, done.stderr, done.exit_code) == ("out\n", "err\n", 7)


def test_a_tool_outlives_us_and_ends_by_itself(tmp_path: Path) -> None:
    """Should we be killed, what the tool prints still has somewhere to go."""
    begun, done = tmp_path / "begun", tmp_path / "done"
    tool = (
        f"import time; open({str(begun)!r}, 'w').close(); time.sleep(1); "
        f"print('x' * 100_000, flush=True); open({str(done)!r}, 'w').close()"
    )
    us = (
        "import sys; from pathlib import Path; from tasks.processes import Command, run\n"
        f"run(Command((sys.executable, '-c', {tool!r}), Path.cwd()))"
    )
    process = subprocess.Popen([sys.executable, "-c", us])
    wait_for(begun)
    process.kill()
    process.wait()
    wait_for(done)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} is not there"
        time.sleep(0.05)


def test_much_output_on_both_pipes_does_not_block() -> None:
    done = processes.run(python("import sys; print('x' * 500_000); print('y' * 500_000, file=sys.stderr)"))
    assert (len(done.stdout), len(done.stderr)) == (500_001, 500_001)


def test_the_time_limit_ends_it_and_is_no_answer() -> None:
    with pytest.raises(Unanswered, match="time limit of"):
        processes.run(python("import time; time.sleep(60)", time_limit=0.2))


def test_a_missing_program_is_named() -> None:
    with pytest.raises(Unequipped, match="no-such-program: not found"):
        processes.run(Command(("no-such-program",), Path.cwd()))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unequipped, match="nowhere: not found"):
        processes.run(Command(("true",), tmp_path / "nowhere"))


@pytest.mark.parametrize(("content", "mode"), [("#!/bin/sh\n", 0o644), ("no program", 0o755)])
def test_a_file_that_is_no_program_here_is_said(tmp_path: Path, content: str, mode: int) -> None:
    program = tmp_path / "tool"
    program.write_text(content)
    program.chmod(mode)
    with pytest.raises(Unequipped, match=f"{program}: cannot be run: .*; install it for this machine and user"):
        processes.run(Command((str(program),), tmp_path))


def test_an_interrupted_tool_may_save_its_state() -> None:
    process = started(PATIENT)
    processes.stop(process, grace=30)
    assert process.stdout
    assert process.stdout.read() == "saved\n"
    assert process.returncode == 3


def test_a_tool_that_does_not_listen_is_killed() -> None:
    process = started(STUBBORN)
    processes.stop(process, grace=0.2)
    assert process.returncode == -9


PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print("ready", flush=True)
time.sleep(60)
"""
"""A tool that leaves a child behind when it is interrupted, as Terraform does with what a provisioner started."""


def test_an_interrupt_reaches_what_a_tool_started(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    child = PATIENT.replace('print("saved", flush=True)', f"open({str(saved)!r}, 'w').close()")
    processes.stop(started(PARENT.format(child=child)), grace=30)
    assert saved.exists()


def test_what_a_tool_started_is_killed_when_it_does_not_listen() -> None:
    process = started(PARENT.format(child=STUBBORN))
    processes.stop(process, grace=0.2)
    assert sessions(process.pid) == []


def test_a_child_in_a_group_of_its_own_is_killed_with_the_session() -> None:
    process = started(PARENT.format(child=f"import os; os.setpgid(0, 0)\n{STUBBORN}"))
    processes.stop(process, grace=0.2)
    assert sessions(process.pid) == []


COUNTING = """
import signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
print("ready", flush=True)
while not got: time.sleep(0.01)
time.sleep(0.5)
sys.exit(len(got))
"""


def test_a_tool_is_interrupted_once() -> None:
    process = started(COUNTING)
    processes.stop(process, grace=30)
    assert process.returncode == 1


def sessions(session: int) -> list[int]:
    """The processes of a session that still run."""
    running = []
    for process in psutil.process_iter():
        # Other processes of the machine come and go meanwhile.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if process.status() != psutil.STATUS_ZOMBIE and os.getsid(process.pid) == session:
                running.append(process.pid)
    return running


def test_a_tool_gets_no_other_credentials_than_those_it_is_handed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    program = "import os; print(*(k + '=' + v for k, v in os.environ.items()), sep='\\n')"
    found = processes.run(python(program, AWS_ACCESS_KEY_ID="role")).stdout.splitlines()
    assert "AWS_ACCESS_KEY_ID=role" in found
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:1" in found
    assert not [line for line in found if line.endswith("=ours")]


def test_a_tool_that_works_for_long_is_told_about_by_its_last_line(tmp_path: Path) -> None:
    seen, more = list[str](), tmp_path / "more"

    def told(line: str) -> None:
        seen.append(line)
        more.touch()

    program = (
        "import pathlib, sys, time\n"
        "print('first')\nprint('half way', flush=True)\nsys.stdout.write('not a wh'); sys.stdout.flush()\n"
        f"while not pathlib.Path({str(more)!r}).exists(): time.sleep(0.01)\n"
        "print('ole line')\n"
    )
    command = replace(python(program), progress=told)
    assert processes.Processes(telling=0.01).run(command).stdout == "first\nhalf way\nnot a whole line\n"
    assert seen[0] == "half way"
    assert seen.count("half way") == 1


def test_arguments_that_no_process_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"its arguments and variables are too long"):
        processes.run(Command((sys.executable, "-c", "pass", "x" * 10_000_000), tmp_path))


def test_output_is_utf_8_whatever_the_locale_of_this_process_is() -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom tasks.processes import Command, run\n"
        "print(ascii(run(Command(('printf', r'\\303\\266'), Path.cwd())).stdout))"
    )
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
    root = Path(processes.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], env=latin, cwd=root, capture_output=True, check=True)
    assert done.stdout.decode().strip() == r"'\xf6'"
