"""What flows make of what a form sends."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from flows.parameters import AcceptDrift, Despite, IntoIncident


@pytest.mark.parametrize("reason", [AcceptDrift, Despite, IntoIncident])
@pytest.mark.parametrize(("sent", "meant"), [("", None), ("  ", None), (None, None), (" a sale ", " a sale ")])
def test_a_reason_that_was_left_empty_is_none(reason: Any, sent: str | None, meant: str | None) -> None:
    assert TypeAdapter(reason).validate_python(sent) == meant
