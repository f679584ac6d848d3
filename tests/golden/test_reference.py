"""docs/reference says what the code says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from deployments.reference.pages import PAGES, pages

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "reference"


@pytest.fixture(scope="module")
def made() -> Mapping[str, str]:
    return pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_what_the_code_says(name: str, made: Mapping[str, str]) -> None:
    assert (FOLDER / name).read_text() == made[name], "run python -m deployments.reference"


def test_the_reference_has_no_other_page() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {*PAGES}


@pytest.mark.parametrize(
    ("guide", "page", "name"),
    [
        ("settings.md", "settings.md", r"\bFLOWMART_[A-Z_]*[A-Z]\b"),
        ("monitoring.md", "metrics.md", r"\bflowmart_\w+"),
    ],
)
def test_the_reference_has_every_name_of_the_guide(guide: str, page: str, name: str, made: Mapping[str, str]) -> None:
    named = re.findall(name, (DOCS / guide).read_text())
    assert named
    assert [each for each in sorted({*named}) if each not in made[page]] == []
