"""How expensive each file of tests was, in seconds of CPU: what is counted, and for which file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.spent import Meter, by_file

BUSY = "import time\nwhile time.process_time() < 0.4: pass"


def report(file: str, when: str, *noted: tuple[str, float]) -> pytest.TestReport:
    properties = [(name, seconds) for name, seconds in noted]
    return pytest.TestReport(
        f"{file}::test_it", (file, 1, "test_it"), {}, "passed", None, when, user_properties=properties
    )  # type: ignore[arg-type]


def test_what_a_process_that_was_waited_for_used_is_counted_once() -> None:
    meter = Meter()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    first, second = meter.read(), meter.read()
    assert first >= 0.3
    assert second < first


def test_a_file_has_the_seconds_of_all_phases_of_its_tests_and_the_most_expensive_is_first() -> None:
    # Without workers a test's reports share one list, which has all phases in the end.
    phases = ("cpu setup", 4.0), ("cpu call", 1.0), ("cpu teardown", 0.5)
    shared = [report("tests/a.py", when, *phases) for when in ("setup", "call", "teardown")]
    sent = [report("tests/b.py", "setup", phases[0]), report("tests/b.py", "call", *phases[:2])]
    assert by_file([*sent, *shared]) == [("tests/a.py", 5.5), ("tests/b.py", 5.0)]
