"""The metrics of the delivery, as promtool judges them."""

from __future__ import annotations

import subprocess

from tests.servers import prometheus_process
from tests.unit.metrics.test_metrics import Story


def test_promtool_has_nothing_against_them() -> None:
    assert prometheus_process.PROMTOOL
    story = Story().verified("a").rejected("b").begun("c")
    done = subprocess.run(
        [prometheus_process.PROMTOOL, "check", "metrics"],
        input=story.text(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
