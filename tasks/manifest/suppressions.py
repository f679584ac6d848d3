"""Loads drift.yaml: known drift that may stay until a day.

Like an override, it is reviewed and released, so that nobody can silence production from their own clone.
`tasks.drift` decides what a suppression covers and whether it has expired, on the day of the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from tasks.domain.platform import Platform
from tasks.domain.rules import Suppression
from tasks.manifest import listed
from tasks.manifest.declared.exceptions import DeclaredSuppression
from tasks.manifest.mistakes import Mistake, day, no_day, refuse
from tasks.manifest.platform import load

FILE = "drift.yaml"

LONGEST = 90
"""Days that a suppression may last: drift that stays for longer belongs in the code."""


def load_suppressions(infrastructure: Path, today: date) -> tuple[Suppression, ...]:
    """Load the suppressions in `infrastructure`/drift.yaml; empty if there is no such file.

    An expired suppression is not a mistake, so that a release stays valid.

    Raises:
        InvalidInput: names every mistake, such as a day too far ahead of `today` (UTC).
    """
    found, entries = listed.read(infrastructure / FILE, DeclaredSuppression)
    if found is None:
        return ()
    suppressions = tuple(Suppression(**declared.model_dump()) for declared in entries)
    refuse(found, _meaning(suppressions, load(infrastructure), today))
    return suppressions


def _meaning(suppressions: Sequence[Suppression], platform: Platform, today: date) -> Iterator[Mistake]:
    for place, suppression in enumerate(suppressions):
        yield from (mistake.below((place,)) for mistake in _in_one(suppression, platform, today))
        if _subject(suppression) in [_subject(earlier) for earlier in suppressions[:place]]:
            message = "another suppression has this environment, unit, address and attributes: keep one"
            yield Mistake((place,), message)


def _in_one(suppression: Suppression, platform: Platform, today: date) -> Iterator[Mistake]:
    yield from listed.place(platform, suppression.environment, suppression.unit)
    last, latest = day(suppression.expires), today + timedelta(days=LONGEST)
    if last is None:
        yield no_day(("expires",), suppression.expires)
    elif last > latest:
        message = f"is more than {LONGEST} days ahead: at most {latest}; what is meant to stay belongs into the code"
        yield Mistake(("expires",), message)


def _subject(suppression: Suppression) -> tuple[object, ...]:
    return (suppression.environment, suppression.unit, suppression.address, sorted(suppression.attributes))
