"""Rules for CronJobs: the schedule, as robfig/cron parses it, and the time zone."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator

_BOUNDS = (("minute", 0, 59), ("hour", 0, 23), ("dom", 1, 31), ("month", 1, 12), ("dow", 0, 6))
_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "dow": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_RANGE = re.compile(r"^(?:\*|\?|(\w+)(?:-(\w+))?)(?:/(\d+))?$")
_DURATION = re.compile(r"^@every (\d+(\.\d+)?(h|m|s|ms|us|ns))+$")


def mistakes(schedule: str) -> Iterator[str]:
    """Yield what is wrong with a schedule; nothing if it is valid."""
    if schedule.startswith("@"):
        if schedule not in _DESCRIPTORS and not _DURATION.match(schedule):
            yield f"unrecognized descriptor: {schedule}"
        return
    fields = schedule.split()
    if len(fields) != len(_BOUNDS):
        yield f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        return
    for field, (name, first, last) in zip(fields, _BOUNDS, strict=True):
        for part in field.split(","):
            yield from _part(part, name, first, last)


def _part(part: str, name: str, first: int, last: int) -> Iterator[str]:
    found = _RANGE.match(part)
    if found is None:
        yield f"failed to parse int from {part}"
        return
    begins = _number(found[1], name) if found[1] else first
    ends = _number(found[2], name) if found[2] else begins if found[1] else last
    if begins is None or ends is None:
        yield f"failed to parse int from {part}"
    elif begins < first:
        yield f"beginning of range ({begins}) below minimum ({first}): {part}"
    elif ends > last:
        yield f"end of range ({ends}) above maximum ({last}): {part}"
    elif begins > ends:
        yield f"beginning of range ({begins}) beyond end of range ({ends}): {part}"
    elif found[3] == "0":
        yield f"step of range should be a positive number: {part}"


def _number(text: str, name: str) -> int | None:
    names = _NAMES.get(name, ())
    if text.lower() in names:
        return names.index(text.lower()) + (1 if name == "month" else 0)
    return int(text) if text.isdigit() else None


def is_time_zone(name: str) -> bool:
    """Tell whether the machine's time zone database has this name."""
    return name in zoneinfo.available_timezones()
