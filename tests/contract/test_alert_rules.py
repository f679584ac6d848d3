"""The alert rules that ship with the product, as promtool judges and tests them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import prometheus_process

RULES = Path(__file__).parents[2] / "docs" / "examples" / "monitoring"


@pytest.mark.parametrize(
    "arguments", [("check", "rules", "flowmart.rules.yml"), ("test", "rules", "flowmart.rules.test.yml")]
)
def test_promtool_finds_them_good(arguments: tuple[str, ...]) -> None:
    assert prometheus_process.PROMTOOL
    command = [prometheus_process.PROMTOOL, *arguments]
    done = subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
