"""A drift report in words: for the terminal, for notifications, and for a promotion that it stops. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tasks.domain.drift import DriftedObject
from tasks.drift.reports import DriftReport


def heading(report: DriftReport) -> str:
    """ "dev: 2 objects drifted (1 new), 6 units compared". Where one did not respond it never says "no drift"."""
    silent = len(report.unanswered)
    nothing = "nothing found in those that could be asked" if silent else "no drift"
    found = f"{objects(len(report.drifted))} drifted{_kinds(report)}" if report.drifted else nothing
    unanswered = f", {silent} did NOT respond" if silent else ""
    return f"{report.environment}: {found}, {len(report.units)} units compared{unanswered}"


def lines(report: DriftReport) -> Iterator[str]:
    """Everything that a report says, under its heading, indented."""
    yield from found(report.drifted)
    yield from (f"  recovered: {item.unit}: {item.address}" for item in report.recovered)
    for unit, why in report.unanswered.items():
        yield f"  {unit}: did not respond"
        yield from (f"      {line}" for line in why.splitlines())
    for unit in report.left_behind:
        yield f"  {unit}: left behind: it is applied here, but the release does not declare it any more"
    for idle in report.idle:
        yield f"  drift.yaml: the suppression of {idle.address} in {idle.unit} {idle.why}; remove it ({idle.reason})"


def found(drifted: Iterable[DriftedObject]) -> Iterator[str]:
    """Each object with what differs, and since when."""
    for item in drifted:
        yield f"  {item.unit}: {headline(item)}"
        yield from (f"      {line}" for line in item.told[1:])


def headline(item: DriftedObject) -> str:
    """What was done to an object, since when it is known, and whether that may stay."""
    return f"{item.told[0]} ({state(item)})"


def state(item: DriftedObject) -> str:
    """ "new", "since 2030-01-31 10:00 UTC", "suppressed until 2030-01-31: why"."""
    if item.suppressed:
        return f"since {when(item)}; suppressed until {item.until}: {item.reason}"
    return f"new, {when(item)}" if item.new else f"since {when(item)}"


def when(item: DriftedObject) -> str:
    """When it was first seen, to the minute."""
    return f"{item.since[:16].replace('T', ' ')} UTC"


def objects(number: int) -> str:
    """ "1 object", "2 objects"."""
    return f"{number} object{'' if number == 1 else 's'}"


def refusal(environment: str, drifted: Sequence[DriftedObject]) -> str:
    """Why a promotion does not go on where somebody changed something by hand, and what a person can do about it."""
    told = "\n".join(found(drifted))
    return (
        f"{environment}: {objects(len(drifted))} drifted, and the promotion would go over that unseen\n{told}\n"
        f"Put it right with `flowmart reconcile {environment}`; or let it be, in infrastructure/drift.yaml of the "
        "next release; or promote with --accept-drift REASON"
    )


def _kinds(report: DriftReport) -> str:
    new, suppressed = len(report.alerting), len(report.drifted) - len(report.open)
    kinds = [f"{new} new"] if new else []
    kinds += [f"{suppressed} suppressed"] if suppressed else []
    return f" ({', '.join(kinds)})" if kinds else ""
