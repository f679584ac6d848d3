"""FlowMart's playbooks and roles, as ansible-lint finds them. Takes some 15 seconds: too long for the fast tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.peers.tools import tool


def test_ansible_lint_finds_nothing_by_its_strictest_profile(project: Path) -> None:
    folder = project / "infrastructure" / "ansible"
    assert "profile: production" in (folder / ".ansible-lint").read_text()
    argv = (tool("ansible-lint"), "--offline", "--strict", "--nocolor")
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
