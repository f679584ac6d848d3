"""How many seconds of CPU each file of tests took, with all processes that it started and waited for.

Durations say how busy the machine was, too; these hardly do. A server that a test leaves running is counted once it
has ended, for whoever ends it. What it takes to collect the tests is nobody's, so it is not counted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable

import pytest

_PROPERTY = "cpu"
_MOST = 20


class Meter:
    """Reads how much has been used since it was read last."""

    def __init__(self) -> None:
        self._used = _used()

    def read(self) -> float:
        """Seconds of CPU of this process and of its children that have ended."""
        before, self._used = self._used, _used()
        return self._used - before


def _used() -> float:
    return sum(os.times()[:4])


def by_file(reports: Iterable[pytest.TestReport]) -> list[tuple[str, float]]:
    """Files with their seconds, the most expensive first."""
    found = Counter[str]()
    for report in reports:
        # A phase lists what its test has noted so far, so the last one of a phase is its own.
        mine = [value for name, value in report.user_properties if name == f"{_PROPERTY} {report.when}"]
        found[report.nodeid.partition("::")[0]] += sum(float(str(value)) for value in mine)
    return found.most_common()


_METER = Meter()


def pytest_collection_finish() -> None:
    """Begin to count: what was used until now, the first test has not used."""
    _METER.read()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what a phase of a test has used; a worker of pytest-xdist sends it with the report."""
    item.user_properties.append((f"{_PROPERTY} {call.when}", round(_METER.read(), 2)))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the most expensive files, where the longest tests are listed, too."""
    if not terminalreporter.config.getoption("durations"):
        return
    reports = [each for found in terminalreporter.stats.values() for each in found]
    files = by_file(each for each in reports if isinstance(each, pytest.TestReport))
    terminalreporter.section(f"most expensive files, of {sum(seconds for _, seconds in files):.0f} s of CPU")
    for file, seconds in files[:_MOST]:
        terminalreporter.write_line(f"{seconds:8.1f} s  {file}")
