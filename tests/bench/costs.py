"""What something costs on the processors, which holds on a busy machine, too."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.measures import Cost

PROJECT = Path(__file__).resolve().parents[2]
FLOWMART = (sys.executable, "-m", "deployments.cli")


class Requests(logging.Handler):
    """Counts the requests that the AWS answers, as its web server logs them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        server = logging.getLogger("werkzeug")
        server.handlers, server.propagate = [self], False
        server.setLevel(logging.INFO)

    def emit(self, _: logging.LogRecord) -> None:
        """One more."""
        self.count += 1


def cpu_seconds(*whose: int) -> float:
    """Seconds so far, of `resource.RUSAGE_SELF` (this process) or `RUSAGE_CHILDREN` (those that ended)."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, whose))


def of_command(
    command: Sequence[str], variables: Mapping[str, str], folder: Path = PROJECT, good: Sequence[int] = (0,)
) -> Cost:
    """What a command costs, with all processes that it waits for; the memory is that of the largest.

    A command is a copy of this process until it begins, so less memory than this one has is not seen.
    A command that ends with another exit code ends the benchmark.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=folder, env=dict(variables), stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in good:
            said.seek(0)
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{said.read()}")
    return Cost(time.monotonic() - began, used.ru_utime + used.ru_stime, memory=used.ru_maxrss // 1024)


def compile_all() -> None:
    """Compile the product, so that no command is measured with it."""
    of_command([sys.executable, "-m", "compileall", "-q", "tasks", "flows", "deployments"], without_ours())


def least(command: Sequence[str], variables: Mapping[str, str]) -> Cost:
    """What a command costs: the least of three, since the first one reads from the disk, and compiles."""
    return min((of_command(command, variables) for _ in range(3)), key=lambda cost: cost.cpu)


def import_of_prefect() -> Cost:
    """What `import prefect` costs."""
    return least([sys.executable, "-c", "import prefect"], without_ours())


def without_ours() -> dict[str, str]:
    """The variables of this process, less those that would lead a command somewhere else.

    What Python compiles is kept beside each module, as where the product is installed, and as in the packages that
    it needs: another folder would have to be filled first.
    """
    ours = ("AWS_", "FLOWMART_", "PREFECT_", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
