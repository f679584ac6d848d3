"""Lengths of time as options."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.cli.since import length
from tasks.domain.errors import InvalidInput


@pytest.mark.parametrize(("written", "found"), [("36h", timedelta(hours=36)), ("14d", timedelta(days=14))])
def test_hours_and_days_are_lengths(written: str, found: timedelta) -> None:
    assert length(written) == found


@pytest.mark.parametrize("written", ["", "14", "0d", "-1d", "2w", "1.5h", "14 d"])
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput, match="write hours or days"):
        length(written)
