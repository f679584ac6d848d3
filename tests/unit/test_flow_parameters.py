"""What flows make of what a form sends."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from flows.merge_group import QueuedRef
from flows.parameters import AcceptDrift, Despite, IntoIncident


@pytest.mark.parametrize("reason", [AcceptDrift, Despite, IntoIncident])
@pytest.mark.parametrize(("sent", "meant"), [("", None), ("  ", None), (None, None), (" a sale ", " a sale ")])
def test_a_reason_that_was_left_empty_is_none(reason: Any, sent: str | None, meant: str | None) -> None:
    assert TypeAdapter(reason).validate_python(sent) == meant


@pytest.mark.parametrize("base", ["release/2026-11", "release+1", "anna@shop", "größer", "v1.2#3", "über(alles)"])
def test_the_ref_of_a_merge_queue_has_any_name_that_git_allows(base: str) -> None:
    ref = f"refs/heads/gh-readonly-queue/{base}/pr-7-abc"
    assert TypeAdapter(QueuedRef).validate_python(ref) == ref
    for wrong in (f"{ref}:main", f"{ref} main", f"refs/heads/{base}"):
        with pytest.raises(ValidationError):
            TypeAdapter(QueuedRef).validate_python(wrong)
