"""Choose the two releases of a rehearsal, and check that they can be rehearsed in the scratch environment."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain import environment_graph
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Platform
from tasks.domain.release import Release
from tasks.ledger.state import verified_in
from tasks.promotion.checkouts import Checkouts
from tasks.promotion.runtime import Runtime


class NothingToRehearse(InvalidInput):
    """There are no two releases yet; a schedule may start before they exist."""


@dataclass(frozen=True)
class Pair:
    """Two releases between which a rollback of an environment is rehearsed in another one, `scratch`.

    `units` are those of the environment in either release. `added` are those that only the release to roll back from
    has. `there` are those that the scratch environment has.
    """

    environment: str
    scratch: str
    release: Release
    earlier: Release
    units: tuple[str, ...]
    added: frozenset[str]
    there: frozenset[str]

    def __str__(self) -> str:
        return f"the rollback from {self.release.id} to {self.earlier.id}, in {self.scratch}"


def chosen(runtime: Runtime, environment: str, release: str | None) -> Pair:
    """Return the releases to rehearse; see `rehearsal.rehearse`.

    Args:
        environment: the environment whose rollback is rehearsed.
        release: the release to roll back from, or how its id begins; None: choose one.

    Raises:
        NothingToRehearse: no release is verified in the environment, or none was before it.
        InvalidInput: the releases do not declare where to rehearse, or declare other units there.
        Refused: somebody promoted a release to the scratch environment.
    """
    with runtime.unpacked() as checkouts:
        named = runtime.release_id(release) if release else ""
        if named:
            _refuse_unknown(checkouts.of(named).platform, environment, named)
        to_leave, to_return_to = _releases(runtime, checkouts, environment, named)
        pair = _pair(checkouts, environment, to_leave, to_return_to)
    _refuse_used(runtime, pair)
    return pair


def _releases(runtime: Runtime, checkouts: Checkouts, environment: str, named: str) -> tuple[str, str]:
    """Return the release to roll back from, and the one to return to."""
    current = runtime.history.state(environment).verified
    if current is None:
        raise NothingToRehearse(f"{environment}: no release is verified here now, so there is nothing to rehearse")
    coming = named or _coming(runtime, checkouts, environment, current)
    _scratch(checkouts.of(coming or current).platform, environment, coming or current)
    if coming and coming != current:
        return coming, current
    try:
        return current, runtime.history.earlier_release(environment, None)
    except InvalidInput as error:
        raise NothingToRehearse(f"nothing to rehearse: {error}") from error


def _coming(runtime: Runtime, checkouts: Checkouts, environment: str, current: str) -> str | None:
    """Return the release that may be promoted to the environment next; None if it was rejected there."""
    ledger, declared = runtime.ledger(), checkouts.of(current).platform.environment(environment)
    before = verified_in(ledger.state(name) for name in declared.after)
    found = environment_graph.candidate(declared, before)
    return None if found in ledger.state(environment).rejected else found


def _pair(checkouts: Checkouts, environment: str, release: str, earlier: str) -> Pair:
    newer, older = checkouts.of(release), checkouts.of(earlier)
    scratch = _scratch(newer.platform, environment, release)
    _refuse_unknown(older.platform, scratch, earlier)
    for checkout in (newer, older):
        _refuse_other_units(checkout.platform, environment, scratch, checkout.release.id)
    had = _units(older.platform, environment)
    has = _units(newer.platform, environment)
    return Pair(
        environment,
        scratch,
        newer.release,
        older.release,
        units=tuple(dict.fromkeys((*has, *had))),
        added=frozenset(has) - {*had},
        there=frozenset((*_units(newer.platform, scratch), *_units(older.platform, scratch))),
    )


def _scratch(platform: Platform, environment: str, release: str) -> str:
    _refuse_unknown(platform, environment, release)
    declared = platform.environment(environment).rehearsal
    if declared is None:
        wrong = f"{environment}: release {release} does not say where its rollback is rehearsed"
        raise InvalidInput(f"{wrong}; add `rehearsal: {{environment: ...}}` to it in platform.yaml")
    return declared.environment


def _units(platform: Platform, environment: str) -> tuple[str, ...]:
    return tuple(unit.name for unit in platform.units_in(environment))


def _refuse_unknown(platform: Platform, environment: str, release: str) -> None:
    if environment not in platform.after:
        raise InvalidInput(f"environment {environment}: release {release} has {', '.join(platform.after)}")


def _refuse_other_units(platform: Platform, environment: str, scratch: str, release: str) -> None:
    """Refuse a scratch environment with units that the environment lacks: its rehearsal would prove nothing."""
    there = _units(platform, scratch)
    if others := sorted({*there} - {*_units(platform, environment)}):
        wrong = f"release {release}: {scratch} has units that {environment} does not have: {', '.join(others)}"
        raise InvalidInput(f"{wrong}; remove them from {scratch}")
    if not there:
        raise InvalidInput(f"release {release}: {scratch} has no units, so nothing can be rehearsed; add some to it")


def _refuse_used(runtime: Runtime, pair: Pair) -> None:
    """Refuse a scratch environment to which a release was promoted: a rehearsal would replace it."""
    found = runtime.ledger().state(pair.scratch)
    if found.receipts and not found.past.rehearses:
        what = found.past.last_begun or "a release"
        wrong = f"{pair.scratch}: {what} was promoted here, and a rehearsal would replace it"
        raise Refused(f"{wrong}; name an environment for rehearsals alone")
