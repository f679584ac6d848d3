"""What a command leaves behind when it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

COMMAND = """
from deployments.cli.leaving import leave
from prefect.server.api.server import SubprocessASGIServer

server = SubprocessASGIServer()
server.start(timeout=300)
print(server.server_process.pid, flush=True)
leave(3)
"""


def test_the_temporary_server_of_a_command_ends_with_it(project: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND], cwd=project, stdout=subprocess.PIPE, text=True, check=False
    )
    assert ended.returncode == 3
    assert not psutil.pid_exists(int(ended.stdout))
