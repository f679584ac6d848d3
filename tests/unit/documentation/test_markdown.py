"""The pages in Markdown: everything known is there, links lead somewhere, and no text is misread."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tasks.documentation import Facts, markdown, write
from tasks.documentation.diagrams import flowchart, label
from tasks.documentation.rollbacks import ROLLBACKS
from tasks.documentation.wordings import code
from tasks.engines import BUILT_IN
from tests.formats.mermaid import charts
from tests.golden.test_documents import broken
from tests.unit.documentation.conftest import HOSTILE


@pytest.fixture
def pages(facts: Facts) -> dict[str, str]:
    return {path: page.text for path, page in markdown.pages(facts).items()}


def row(page: str, first: str) -> str:
    """The one row of a page's tables that begins with a cell."""
    (found,) = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return found


def test_there_is_a_page_for_the_platform_each_environment_and_each_unit(pages: dict[str, str]) -> None:
    units = {f"units/{name}.md" for name in ("first", "second", "end", "gone")}
    assert pages.keys() == {"README.md", "environments/dev.md", "environments/staging.md", *units}


def test_every_link_leads_to_a_page(facts: Facts, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    write(folder, markdown.pages(facts))
    files = sorted(folder.rglob("*.md"))
    assert [link for file in files for link in broken(file)] == []
    assert sum(file.read_text().count("](") for file in files) > 20


def test_diagrams_show_environments_and_units_as_they_follow_each_other(pages: dict[str, str], facts: Facts) -> None:
    environments, units = charts(pages["README.md"])
    dev, staging = environments.labels
    assert (dev, staging) == (f"dev\n{facts.environments[0].column.release}", "staging\nnothing yet")
    assert environments.arrows == {(dev, staging)}
    assert units.labels == ("end\nterraform", "first\nterraform", "second\nterraform", "gone")
    assert units.arrows == {
        ("first\nterraform", "second\nterraform"),
        ("second\nterraform", "end\nterraform"),
    }
    assert [chart.labels for chart in charts(pages["environments/staging.md"])] == [
        ("first\nterraform", "second\nterraform")
    ]


def test_an_environment_says_what_is_there_and_how_to_roll_it_back(pages: dict[str, str], facts: Facts) -> None:
    dev, page = facts.environments[0], pages["environments/dev.md"]
    assert dev.column.release in row(page, "release")
    assert "Paint it green by" in row(page, "from")
    assert f"flowmart rollback dev\n```\n\nReturns to release `{dev.rollback}`" in page
    assert dev.rollback not in ("", dev.column.release)
    assert row(page, "open").startswith("| open | frozen by tester: ")
    assert "There is no earlier release here" in pages["environments/staging.md"]
    assert "`dev/" in page


def test_a_unit_says_all_that_is_known_of_it(pages: dict[str, str], facts: Facts) -> None:
    end = pages["units/end.md"]
    assert "`terraform/{environment}/end`" in row(end, "source")
    assert row(end, "owners") == "| owners | @ben |"
    assert "[second](../units/second.md)" in row(end, "needs")
    assert "`password`" in row(end, "outputs")
    assert "without an override" in row(end, "holds data")
    assert "Every plan is tested against `names`." in end
    assert ROLLBACKS["terraform"] in end
    first = pages["units/first.md"]
    assert row(first, "owners") == "| owners | @acme/infra, anna@acme.example |"
    assert "[second](../units/second.md)" in row(first, "needed by")
    assert facts.environments[0].column.release in row(first, "[dev](../environments/dev.md)")
    assert "applied" in first
    assert "| `names` |" in pages["README.md"]


def test_a_unit_that_is_no_longer_declared_says_so(pages: dict[str, str]) -> None:
    assert "no longer declares it" in pages["units/gone.md"]
    assert "left behind" in pages["environments/dev.md"]


def test_texts_of_others_are_never_markup(pages: dict[str, str]) -> None:
    everything = "\n".join(pages.values())
    for markup in ("<script", "**b**", "[[entity", "](x)", "\n# Heading"):
        assert markup not in everything
    shown = html.unescape(everything)
    assert " ".join(HOSTILE.split()) in shown


def test_every_row_of_a_table_has_the_cells_of_its_head(pages: dict[str, str]) -> None:
    for text in pages.values():
        for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(cells) == 1, table


def test_the_same_facts_make_the_same_pages(facts: Facts, pages: dict[str, str]) -> None:
    assert {path: page.text for path, page in markdown.pages(facts).items()} == pages


def test_every_engine_says_how_it_rolls_back() -> None:
    assert {*ROLLBACKS} == {engine.name for engine in BUILT_IN}


@pytest.mark.parametrize(
    "text", ["end", 'a "b" <i>', "x]--> y;", "#35;", "`code`", "a\nb", "Ünit 1", "subgraph|x{y}"]
)
def test_a_label_of_any_text_is_read_as_that_text(text: str) -> None:
    (chart,) = charts(flowchart({text: text, "other": "other"}, [(text, "other"), (text, "missing")]))
    assert chart.labels == (text, "other")
    assert chart.arrows == {(text, "other")}
    assert "\n" not in label(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``"), ("", "-"), ("a\n b", "`a b`")],
)
def test_code_holds_any_text(text: str, written: str) -> None:
    assert code(text) == written
