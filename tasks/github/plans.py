"""Renders plans as Markdown for a pull request: a table, then each environment and unit folded. Pure.

If space is short, the tools' own texts are cut first. What is replaced or deleted is listed as long as its unit fits.
Plans hold no secrets: their values were masked when they were made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.domain import wording
from tasks.domain.outcome import Outcome, overall
from tasks.domain.plan import OBJECT_ACTIONS, Action, Change, Plan, Reversibility
from tasks.domain.rules import Violation
from tasks.github import text
from tasks.github.reported import EnvironmentReport, UnitReport

SIGNS = {Outcome.SUCCEEDED: "✅", Outcome.FAILED: "❌", Outcome.UNANSWERED: "❔"}

HEADINGS = {
    Outcome.SUCCEEDED: "nothing objects",
    Outcome.FAILED: "rejected",
    Outcome.UNANSWERED: "no answer: nothing was decided, retry",
}

_ROOM = (20_000, 4_000, 800, 0)
"""Maximum length of a tool's own text in characters. Each is tried in turn until everything fits."""

_RESERVED = 600
"""Characters for the marker, the foot, and the note that something is missing."""


@dataclass(frozen=True)
class Head:
    """The commit and release of the plans. `url`: the run; may be empty."""

    sha: str
    release: str
    url: str


def comment(head: Head, reports: Sequence[EnvironmentReport], longest: int = text.LONGEST) -> str:
    """Return the whole comment, at most `longest` characters."""
    for room in _ROOM:
        made = _whole(head, reports, room)
        if len(made) + _RESERVED <= longest:
            return made
    return _shortened(head, reports, longest)


def summary(head: Head, reports: Sequence[EnvironmentReport]) -> str:
    """Return the table only, for places that show the details separately."""
    return "\n\n".join([_counts(reports), _foot(head)])


def refused(head: Head, outcome: Outcome, why: str) -> str:
    """Return the comment for a commit that makes no release, so that there is nothing to plan."""
    title = f"### {SIGNS[outcome]} No plan of {text.code(head.sha[:12])}: {HEADINGS[outcome]}"
    return "\n\n".join([title, text.fence(text.cut(why, 20_000)), _foot(head)])


def _whole(head: Head, reports: Sequence[EnvironmentReport], room: int) -> str:
    sections = (_environment(report, "\n\n".join(_unit(unit, room) for unit in report.units)) for report in reports)
    return "\n\n".join(filter(None, [_title(head, reports), _counts(reports), *sections, _foot(head)]))


def _shortened(head: Head, reports: Sequence[EnvironmentReport], longest: int) -> str:
    """Include as many units as fit, and say how many are missing."""
    fixed = "\n\n".join([_title(head, reports), _counts(reports), _foot(head)])
    left = longest - _RESERVED - len(fixed) - sum(len(_environment(report, "")) + 4 for report in reports)
    sections, missing = [], 0
    for report in reports:
        shown = []
        for made in (_unit(unit, 0) for unit in report.units):
            if len(made) + 2 <= left:
                shown.append(made)
                left -= len(made) + 2
            else:
                missing += 1
        sections.append(_environment(report, "\n\n".join(shown)))
    note = f"*{missing} units do not fit here*: {text.link('the run shows all', head.url)}."
    return "\n\n".join(filter(None, [_title(head, reports), _counts(reports), *sections, note, _foot(head)]))


def _title(head: Head, reports: Sequence[EnvironmentReport]) -> str:
    found = overall(report.outcome for report in reports)
    return f"### {SIGNS[found]} Plan of {text.code(head.sha[:12])}: {HEADINGS[found]}"


def _counts(reports: Sequence[EnvironmentReport]) -> str:
    lines = ["| | environment | create | change | replace | delete | other | units |", "| --- " * 8 + "|"]
    for report in reports:
        others = report.unknown + sum(report.count(action) for action in Action if action not in OBJECT_ACTIONS)
        counts = " | ".join(str(number) for number in [*map(report.count, OBJECT_ACTIONS), others])
        units = ", ".join(text.cell(unit.unit) for unit in report.units) or "nothing to change"
        lines.append(f"| {SIGNS[report.outcome]} | {text.cell(report.environment)} | {counts} | {units} |")
    return "\n".join(lines)


def _environment(report: EnvironmentReport, units: str) -> str:
    summary = f"{SIGNS[report.outcome]} <b>{text.html(report.environment)}</b> {text.html(report.summary)}"
    gate = f"It {text.code(report.gate)}." if report.gate and report.units else ""
    rehearsal = f"Rollback: {text.code(report.rehearsal)}." if report.rehearsal and report.units else ""
    inside = "\n\n".join(filter(None, [text.fence(report.why) if report.why else "", gate, rehearsal, units]))
    return text.folded(summary, f"{inside}{_log(report)}") if inside else ""


def _log(report: EnvironmentReport) -> str:
    # The address comes from the pull request's own platform.yaml, so it must not be able to end the link.
    if re.fullmatch(r"https?://[^\s<>]+", report.log):
        return f"\n\n{text.link('Log of this run', report.log)}"
    return f"\n\nLog of this run: {text.code(report.log)}" if report.log else ""


def _unit(report: UnitReport, room: int) -> str:
    summary = f"{SIGNS[report.outcome]} <b>{text.html(report.unit)}</b> {text.html(_told(report))}"
    return text.folded(summary, "\n\n".join(_inside(report, room)))


def _told(report: UnitReport) -> str:
    if report.plan is None:
        return report.why.splitlines()[0] if report.why else ""
    denied = f", denied by {', '.join(sorted({f.policy for f in report.denials}))}" if report.denials else ""
    return f"{wording.planned(report.plan)}{denied}"


def _inside(report: UnitReport, room: int) -> Iterator[str]:
    if report.why:
        yield text.fence(text.cut(report.why, 8_000))
    for action, verb in ((Action.DELETE, "Deleted"), (Action.REPLACE, "Replaced")):
        if changes := report.changes(action):
            yield f"**{verb}:**\n" + "\n".join(f"- {_named(change)}" for change in changes)
    if report.findings:
        yield "**Policies:**\n" + "\n".join(f"- {_finding(finding)}" for finding in report.findings)
    elif report.plan and report.outcome is Outcome.SUCCEEDED:
        yield "Policies: no objection."
    if report.plan:
        yield from _of_plan(report.plan, room)


def _of_plan(plan: Plan, room: int) -> Iterator[str]:
    if plan.reversibility is not Reversibility.REVERSIBLE:
        yield f"**{plan.reversibility.value.capitalize()}:** promoting the earlier release does not undo all of it."
    yield from (f"> {text.code(remark)}" for remark in wording.remarks(plan))
    if plan.text and room:
        yield text.fence(_shortened_text(plan.text, room))


def _named(change: Change) -> str:
    because = f" ({', '.join(text.code(name) for name in change.because)})" if change.because else ""
    return f"{text.code(change.address)}{because}"


def _finding(finding: Violation) -> str:
    sign = "❌ denied" if finding.denied else "⚠️ noted"
    return f"{sign} by {text.code(finding.policy)}: {text.code(finding.message)}"


def _shortened_text(own: str, room: int) -> str:
    if len(own) <= room:
        return own
    return f"{own[:room].rstrip()}\n... {len(own) - room} characters more: see the run"


def _foot(head: Head) -> str:
    release = f"Release {text.code(head.release)}. " if head.release else ""
    return (
        f"{release}{text.link('The run', head.url)} shows everything; `/flowmart help` tells what can be done here."
    )
