"""The schedules of CronJobs: what robfig/cron takes, and what it says to the rest."""

from __future__ import annotations

import pytest

from deployments.sandbox.kubernetes.admission.schedule_rules import mistakes


@pytest.mark.parametrize(
    "schedule", ["0 * * * *", "*/5 0-6 1,15 jan-mar MON", "@hourly", "@every 1h30m", "0 0 ? * 0", "59 23 31 12 6"]
)
def test_a_good_schedule_is_taken(schedule: str) -> None:
    assert list(mistakes(schedule)) == []


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", "failed to parse int from x"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("@often", "unrecognized descriptor: @often"),
    ],
)
def test_a_wrong_schedule_is_told(schedule: str, told: str) -> None:
    assert list(mistakes(schedule)) == [told]
