"""Describes a drift report as text: for the terminal, for notifications, and for a promotion that it stops. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tasks.domain import wording
from tasks.domain.drift import DriftedObject
from tasks.drift.reports import DriftReport


def heading(report: DriftReport) -> str:
    """Return a heading: "dev: 2 objects drifted (1 new), 6 units compared".

    It never says just "no drift" if a unit could not be compared.
    """
    silent = len(report.unanswered)
    nothing = "no drift in the units that could be compared" if silent else "no drift"
    found = f"{wording.number(len(report.drifted), 'object')} drifted{_kinds(report)}" if report.drifted else nothing
    unanswered = f", {silent} could NOT be compared" if silent else ""
    return f"{report.environment}: {found}, {wording.number(len(report.units), 'unit')} compared{unanswered}"


def lines(report: DriftReport) -> Iterator[str]:
    """Yield all lines of a report below its heading, indented."""
    yield from found(report.drifted)
    yield from (f"  recovered: {item.unit}: {item.address}" for item in report.recovered)
    for unit, why in report.unanswered.items():
        yield f"  {unit}: could not be compared"
        yield from (f"      {line}" for line in why.splitlines())
    for unit in report.left_behind:
        yield f"  {unit}: left behind: it is applied here, but the release no longer declares it"
    for unit, remarks in report.remarks.items():
        yield from (f"  {unit}: {remark}" for remark in remarks)
    for idle in report.idle:
        yield f"  drift.yaml: the suppression of {idle.address} in {idle.unit} {idle.why}; remove it ({idle.reason})"


def found(drifted: Iterable[DriftedObject]) -> Iterator[str]:
    """Yield the lines of each drifted object: a headline, then the differences."""
    for item in drifted:
        yield f"  {item.unit}: {headline(item)}"
        yield from (f"      {line}" for line in item.told[1:])


def headline(item: DriftedObject) -> str:
    """Return what changed in an object, since when, and whether it is suppressed."""
    return f"{item.told[0]} ({state(item)})"


def state(item: DriftedObject) -> str:
    """Return "new, 2030-01-31 10:00 UTC", "since ...", or "since ...; suppressed until 2030-02-28: why"."""
    if item.suppressed:
        return f"since {when(item)}; suppressed until {item.until}: {item.reason}"
    return f"new, {when(item)}" if item.new else f"since {when(item)}"


def when(item: DriftedObject) -> str:
    """Return when the drift was first seen, to the minute."""
    return f"{item.since[:16].replace('T', ' ')} UTC"


def refusal(environment: str, drifted: Sequence[DriftedObject]) -> str:
    """Return the error message for a promotion that would overwrite drift, with the ways to resolve it."""
    listed = "\n".join(found(drifted))
    return (
        f"{environment}: {wording.number(len(drifted), 'object')} drifted, and a promotion would overwrite that\n"
        f"{listed}\n"
        f"Run `flowmart reconcile {environment}`, suppress the drift in infrastructure/drift.yaml of the next "
        "release, or promote with --accept-drift REASON"
    )


def _kinds(report: DriftReport) -> str:
    new, suppressed = len(report.alerting), len(report.drifted) - len(report.open)
    kinds = [f"{new} new"] if new else []
    kinds += [f"{suppressed} suppressed"] if suppressed else []
    return f" ({', '.join(kinds)})" if kinds else ""
