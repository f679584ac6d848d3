"""docs/reference says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.reference.pages import pages

FOLDER = Path(__file__).parents[2] / "docs/reference"


@pytest.mark.parametrize(("name", "text"), sorted(pages().items()), ids=sorted(pages()))
def test_a_page_of_the_reference_is_what_the_code_says(name: str, text: str) -> None:
    assert (FOLDER / name).read_text() == text, "run python -m deployments.reference"


def test_the_reference_has_no_other_page() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {*pages()}
