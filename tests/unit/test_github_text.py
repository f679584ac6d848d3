"""Text on GitHub: what is not ours stays where it is put, and everything fits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Change, Plan, Reversibility
from tasks.domain.release import Target
from tasks.domain.rules import Violation
from tasks.github import plans, text
from tasks.github.plans import Head
from tasks.github.reported import EnvironmentReport, UnitReport

HEAD = Head("a" * 40, "0123456789ab", "https://prefect.example/runs/1")


@given(st.text())
def test_nothing_ends_a_fence_from_inside(said: str) -> None:
    first, *inside, last = text.fence(said).split("\n")
    ticks = first.removesuffix("text")
    assert set(ticks) == {"`"}
    assert last == ticks
    assert not any(ticks in line for line in inside)


@given(st.text(min_size=1))
def test_nothing_ends_code_within_a_line_from_inside(said: str) -> None:
    made = text.code(said)
    ticks = re.match("`+", made)[0]  # type: ignore[index]
    assert "\n" not in made
    assert made.endswith(ticks)
    runs = re.findall("`+", made[len(ticks) : -len(ticks)])
    assert ticks not in runs


@given(st.text(alphabet="`a\n ", max_size=400), st.integers(300, 600))
def test_what_is_cut_closes_what_it_opened_and_fits(said: str, longest: int) -> None:
    made = text.cut(f"before\n\n{text.fence(said * 3)}\n\nafter", longest)
    assert len(made) <= longest
    assert text._open_fence(made) == ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x00b", "a\ufffdb"),
        ("user \u202egnp.exe", "user \ufffdgnp.exe"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_what_a_person_would_not_see_is_shown_or_gone(said: str, shown: str) -> None:
    assert text.clean(said) == shown


@pytest.mark.parametrize("key", ["a --> b", "x--y", "<script>"])
def test_a_marker_ends_where_it_should(key: str) -> None:
    inside = text.marker("shop", key).removeprefix("<!--").removesuffix("-->")
    assert "--" not in inside
    assert ">" not in inside


def plan(changes: tuple[Change, ...] = (), own: str = "", **more: object) -> Plan:
    return Plan(Target("r", "dev", "compute"), "terraform", changes, "", "", text=own, **more)  # type: ignore[arg-type]


def change(action: Action, address: str = "aws_db.this", because: tuple[str, ...] = ()) -> Change:
    return Change(address, "aws_db", action, because=because)


def environment(*units: UnitReport) -> EnvironmentReport:
    return EnvironmentReport("dev", units)


def test_a_comment_names_what_is_replaced_and_deleted_and_how_reversible_it_is() -> None:
    changes = (change(Action.DELETE, "aws_db.old"), change(Action.REPLACE, "aws_db.new", ("engine_version",)))
    made = plan(changes, reversibility=Reversibility.IRREVERSIBLE)
    said = plans.comment(HEAD, [environment(UnitReport("compute", Outcome.SUCCEEDED, made))])
    assert "**Deleted:**\n- `aws_db.old`" in said
    assert "**Replaced:**\n- `aws_db.new` (`engine_version`)" in said
    assert "**Irreversible:**" in said
    assert "| ✅ | `dev` | 0 | 0 | 1 | 1 | 0 | `compute` |" in said
    assert "[The run](<https://prefect.example/runs/1>)" in said


def test_failed_and_errored_are_told_apart() -> None:
    denied = UnitReport("compute", Outcome.FAILED, plan(), (Violation("encryption", "is not encrypted"),))
    silent = UnitReport("network", Outcome.UNANSWERED, why="no answer")
    assert "❌ Plan" in plans.comment(HEAD, [environment(denied)])
    assert "❔ Plan" in plans.comment(HEAD, [environment(silent)])
    assert environment(denied, silent).outcome is Outcome.FAILED
    assert environment(denied, silent).summary == "no changes; denied: compute; no answer: network"


HOSTILE = "@everyone </details> ``` #1 <img src=x> [a](http://b) <!-- flowmart:plan -->\n```\n@team\n````\n# heading"


def outside_of_code(said: str) -> str:
    """What GitHub reads as Markdown or HTML: everything but blocks of code, code in lines, and code in HTML."""
    without = re.sub(r"^(`{3,})text\n.*?\n\1$", "", said, flags=re.MULTILINE | re.DOTALL)
    without = re.sub(r"<code>[^<]*</code>", "", without)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", without)


def test_nothing_of_a_plan_gets_out_of_code() -> None:
    changes = (Change(HOSTILE, "x", Action.DELETE, because=(HOSTILE,)), change(Action.REPLACE, HOSTILE))
    finding = Violation(HOSTILE, HOSTILE, HOSTILE)
    units = (
        UnitReport(HOSTILE, Outcome.FAILED, plan(changes, HOSTILE, warnings=(HOSTILE,)), (finding,)),
        UnitReport("network", Outcome.UNANSWERED, why=HOSTILE),
    )
    hostile = EnvironmentReport(HOSTILE, units, why=HOSTILE, failed=Outcome.FAILED)
    for said in (plans.comment(HEAD, [hostile]), plans.refused(HEAD, Outcome.FAILED, HOSTILE)):
        left = outside_of_code(said)
        assert not re.search(r"@|#1|<img|<!--|\]\(http|^# ", left, re.MULTILINE)
        assert left.count("<details>") == left.count("</details>")


@pytest.mark.parametrize("size", [10, 1_000, 30_000, 200_000])
def test_a_comment_fits_and_keeps_every_replacement_and_deletion(size: int) -> None:
    changes = tuple(change(Action.DELETE, f"aws_db.number_{n}") for n in range(20))
    units = [UnitReport(f"unit-{n}", Outcome.SUCCEEDED, plan(changes, "x\n" * size)) for n in range(12)]
    said = plans.comment(HEAD, [EnvironmentReport(name, tuple(units)) for name in ("dev", "staging", "production")])
    assert len(said) + 100 <= text.LONGEST
    assert said.count("- `aws_db.number_19`") == 36


def test_what_does_not_fit_at_all_is_counted_and_linked() -> None:
    changes = tuple(change(Action.DELETE, f"aws_db.{'long' * 20}_{n}") for n in range(300))
    units = tuple(UnitReport(f"unit-{n}", Outcome.SUCCEEDED, plan(changes)) for n in range(8))
    said = plans.comment(HEAD, [environment(*units)])
    assert len(said) + 100 <= text.LONGEST
    assert "*6 units do not fit here*: [the run shows all](<https://prefect.example/runs/1>)" in said
    assert said.count("<details>") == said.count("</details>")
