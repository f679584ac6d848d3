"""What is sent to the run history: pages of runs that are in it, and nothing of others."""

from __future__ import annotations

import warnings

from tasks.reports.artifacts import Page
from tasks.steps import publishing


def test_a_run_that_is_not_in_the_history_sends_nothing() -> None:
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        publishing.publish(Page("plan", "a plan", "# A plan"))
        publishing.await_pages()
    assert [str(warning.message) for warning in given] == []
