"""The monitoring of the delivery that ships with the product, as its validators judge it: a unit like any other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.engines import ENGINES, validation
from tests import prometheus_process
from tests.tools import tool
from tests.workspaces import workspace

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FOLDERS = ("rules", "dashboard") + (("alerting",) if prometheus_process.AMTOOL else ())


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_validators_find_it_good(folder: str) -> None:
    unit = Unit(folder, "kustomize", f"monitoring/{folder}", ("dev",))
    assert validation.violations(workspace(EXAMPLES, unit), ENGINES["kustomize"].validators) == ()


def test_it_is_one_kustomization() -> None:
    command = [tool("kubectl"), "kustomize", str(EXAMPLES / "monitoring")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    kinds = sorted(line for line in done.stdout.splitlines() if line.startswith("kind:"))
    assert kinds == ["kind: ConfigMap", "kind: PrometheusRule", "kind: ScrapeConfig", "kind: Secret"]
