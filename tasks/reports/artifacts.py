"""Renders the pages of the run history as Markdown. Pure: `tasks.steps` publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tasks.domain import wording
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.plan import Action, Plan, Reversibility
from tasks.domain.release import Target
from tasks.domain.rules import Violation
from tasks.drift import DriftedObject, DriftReport, descriptions
from tasks.ledger import rehearsals
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.promotion.approval_requests import Request
from tasks.promotion.conditions import Verdict
from tasks.promotion.planning import PlanSet
from tasks.reports.keys import approval_key, drift_key, key

LONGEST_TEXT = 60_000
"""Maximum characters of a tool's own plan text on a page, because an artifact is kept in a database row."""

_SIGNS = {Outcome.SUCCEEDED: "✅ passed", Outcome.FAILED: "❌ failed", Outcome.UNANSWERED: "❔ no answer"}


@dataclass(frozen=True)
class Page:
    """A Markdown page. `key` identifies its subject; pages with the same key are versions of one page."""

    key: str
    title: str
    text: str

    def of(self, platform: str) -> Page:
        """Return the page with a key that is unique to the platform on a shared Prefect server."""
        return replace(self, key=key(platform, self.key))


def plan(found: Plan) -> Page:
    """Render a plan: a table of changes, then the tool's own text."""
    target = found.target
    rows = [(f"`{c.address}`", c.action.value, c.note or ", ".join(c.because or c.attributes)) for c in found.changes]
    parts = [
        f"# Plan: {target}",
        f"**{wording.counts(found)}** · {found.reversibility.value} · plan `{found.digest[:12]}`",
        table(("object", "action", "what differs, or forces the replacement"), rows),
        *[f"> {remark}" for remark in wording.remarks(found)],
        f"<details><summary>{found.engine}'s own plan</summary>\n\n```\n{_cut(found.text)}\n```\n\n</details>",
    ]
    return Page(_of_target("plan", target), f"Plan of {target}", "\n\n".join(parts))


def approval(request: Request, plans: PlanSet, findings: Sequence[Violation]) -> Page:
    """Render an approval request: counts, replacements and deletions by name, policy findings, how to decide.

    Args:
        request: the approval request.
        plans: the plans that wait.
        findings: what the policies say about them.
    """
    worst = max((p.reversibility for p in plans.plans if not p.empty), key=list(Reversibility).index, default=None)
    taken = [
        (p.target.unit, f"`{c.address}`", c.action.value, c.note or ", ".join(c.because))
        for p in plans.plans
        for c in p.changes
        if c.action not in (Action.CREATE, Action.UPDATE) or c.note
    ]
    total = {a.value: sum(p.counts[a.value] for p in plans.plans) for a in Action}
    said = [(f.policy, f"`{f.address}`" if f.address else "", f.message) for f in findings]
    name = request.environment
    parts = [
        f"# {name} wants an approval: {request.what}",
        f"Plan set `{request.short}` · " + wording.counted(total),
        f"It waits because {request.because}." if request.because else "",
        f"**Rollback:** {inert(request.rehearsal)}." if request.rehearsal else "",
        f"**{worst.value if worst else 'nothing is planned for good yet'}** · by {request.author or 'unknown'}, "
        f"asked for by {request.asked_by} · expires {request.until}",
        table(("unit", "what it would do"), list(request.units.items())),
        "## What would be replaced, deleted, or needs care\n\n" + table(("unit", "object", "", "because of"), taken),
        "## What the policies say\n\n" + table(("policy", "object", ""), said),
        f"## Decide\n\nApproving: {_approving(request)}. Nothing is held up "
        f"meanwhile.\n\n```\nflowmart approve {request.short}\nflowmart refuse {request.short} --reason ...\n```\n\n"
        "Or run the deployment `approve` with this plan set. An approval is void when the plans change.",
    ]
    return Page(approval_key(name), f"Approval wanted in {name}", "\n\n".join(filter(None, parts)))


def _approving(request: Request) -> str:
    who = ", ".join(request.rules.approvers) or "anybody"
    return f"{who}; {request.rules.count} different people" if request.rules.count > 1 else who


def environment_plan(environment: str, release: str, plans: PlanSet, verdict: Verdict) -> Page:
    """Render what a release would change in an environment, and whether the gate would require an approval."""
    rows = list(plans.descriptions.items())
    text = f"# {environment}: what {release} would do\n\nIt **{verdict.summary}**.\n\n" + table(
        ("unit", "what it would do"), rows
    )
    return Page(key("plans", environment), f"What {release} would do to {environment}", text)


def unchanged(environment: str, release: str, units: Sequence[str]) -> Page:
    """Render the list of units that a promotion does not change."""
    what = wording.number(len(units), "unit")
    listed = "\n".join(f"- {unit}" for unit in units)
    text = f"# {environment}: {what} unchanged\n\nUp to date in {release}; nothing is planned or applied.\n\n{listed}"
    return Page(key("unchanged", environment), f"{what} unchanged in {environment}", text)


def smoke(target: Target, results: Sequence[CheckResult]) -> Page:
    """Render the expected and actual results of smoke checks."""
    rows = [(_SIGNS[r.outcome], r.name, r.expected, r.found, f"{r.attempts}", f"{r.seconds:.1f} s") for r in results]
    listed = table(("", "check", "expected", "found", "attempts", "took"), rows)
    return Page(_of_target("smoke", target), f"Smoke checks of {target}", f"# Smoke checks: {target}\n\n{listed}")


def rollback(environment: str, release: str, why: str, done: Mapping[str, str]) -> Page:
    """Render why a release was rolled back, and the result of each unit."""
    rows = [(unit, what) for unit, what in done.items()]
    text = f"# {environment}: release {release} was rolled back\n\n## Why\n\n```\n{why}\n```\n\n## What was done\n\n"
    return Page(
        key("rollback", environment),
        f"Rollback of {release} in {environment}",
        text + table(("unit", "result"), rows),
    )


def rehearsal(environment: str, found: RecordedRehearsal) -> Page:
    """Render the result of a rehearsed rollback, in total and for each unit."""
    rows = [(unit.name, unit.result.value, unit.why) for unit in found.event.units]
    listed = "## Units\n\n" + table(("unit", "result", "why"), rows) if rows else ""
    why = f"## Why\n\n```\n{_cut(found.event.why)}\n```" if found.event.why else ""
    parts = [f"# {environment}: a rehearsed rollback", f"{inert(rehearsals.sentence(found))}.", why, listed]
    return Page(
        key("rehearsal", environment), f"Rehearsed rollback of {environment}", "\n\n".join(filter(None, parts))
    )


def drift(report: DriftReport) -> Page:
    """Render a drift report."""
    parts = [
        f"# Drift in {report.environment}",
        f"**{descriptions.heading(report).removeprefix(f'{report.environment}: ')}** · release `{report.release}`",
        *[_drifted(item) for item in report.drifted],
        *_listed("Recovered since the last report", [f"{i.unit}: `{i.address}`" for i in report.recovered]),
        *_listed("Could not be asked", [f"**{unit}**: {_cell(why)}" for unit, why in report.unanswered.items()]),
        *_listed("Left behind: applied here, but no longer declared", report.left_behind),
        *_listed(
            "Remarks", [f"{unit}: {_cell(each)}" for unit, remarks in report.remarks.items() for each in remarks]
        ),
        *_listed("Suppressions that can go", [f"{i.unit}: `{i.address}` {i.why} ({i.reason})" for i in report.idle]),
    ]
    return Page(drift_key(report.environment), f"Drift in {report.environment}", "\n\n".join(parts))


def _drifted(item: DriftedObject) -> str:
    names = [*item.expected]
    rows = [(f"`{name}`", _value(item.expected[name]), _value(item.found.get(name))) for name in names]
    listed = f"\n\n{table(('what', 'expected', 'found'), rows)}" if rows else ""
    return f"### {item.unit}: {item.told[0]}\n\n{descriptions.state(item)}{listed}"


def _value(value: object) -> str:
    return f"`{wording.short(value)}`"


def _listed(title: str, items: Iterable[str]) -> list[str]:
    found = [f"- {item}" for item in items]
    return [f"## {title}", "\n".join(found)] if found else []


def matrix(states: Iterable[EnvironmentState]) -> Page:
    """Render the verified release and the rejected releases of each environment."""
    rows = [
        (s.environment, f"`{s.verified}`" if s.verified else "not verified", ", ".join(sorted(s.rejected)) or "-")
        for s in states
    ]
    text = "# Which release is where\n\n" + table(("environment", "verified release", "rejected here"), rows)
    return Page("releases", "Which release is where", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; "nothing" without rows."""
    if not rows:
        return "*nothing*"
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def inert(text: str) -> str:
    """Put foreign text on one line and escape it, so that nothing in it is Markdown, HTML or an MDX expression."""
    escaped = "".join(f"&#{ord(each)};" if each in "<>&[]{}*_`|#\\!~$" else each for each in text)
    return " ".join(escaped.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text.strip()
    return f"{text[:LONGEST_TEXT].strip()}\n... {len(text) - LONGEST_TEXT} characters more"


def _of_target(subject: str, target: Target) -> str:
    return key(subject, target.environment, target.unit)


def moment(at: datetime | None) -> str:
    """Format a time to the minute, in UTC; "-" for none."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
