"""Build the workspace of an engine for one target: files, unit, credentials, and what is known of the unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tasks.domain import references
from tasks.domain.events.claims import EndedHolder
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Receipt, Target
from tasks.engines.base import Variables, Workspace
from tasks.ledger.state import EnvironmentState
from tasks.monitoring.client import Prometheus
from tasks.promotion import claims

if TYPE_CHECKING:
    from tasks.promotion.environment_run import EnvironmentRun

_QUERY_SECONDS = 10.0
"""Time limit in seconds of a validator's request to Prometheus."""


def workspace(run: EnvironmentRun, target: Target) -> Workspace:
    """Return the workspace for a target: its release's files, the unit as declared there, credentials by purpose."""
    found, now = run.checkout(target.release), run.state()
    unit = _wired(run, target, now)
    environment = run.runtime.at(run.environment_of(target.unit, target.release), unit.engine)
    return Workspace(
        target=target,
        infrastructure=found.root_of(target.unit),
        unit=unit,
        environment=environment,
        unit_digest=found.release.units[f"{target.environment}/{target.unit}"],
        reading=lambda: run.runtime.access.reading(environment),
        writing=lambda: run.runtime.access.writing(environment),
        processes=run.processes,
        platform=found.platform.name,
        executable=run.runtime.executable(unit.engine),
        beside=run.runtime.executable_beside(unit.engine),
        receipt=now.receipts.get(target.unit),
        baseline=now.baselines.get(target.unit),
        residual=now.residual.get(target.unit, ()),
        state_changes=now.attempt.state_changes.get(target.unit, ()),
        readers=_readers(run),
        elsewhere=lambda: _elsewhere(run, target.unit),
        environments={each.name: each.after for each in found.platform.environments},
        neighbours=lambda: _neighbours(run, target),
        together=lambda: _together(run, target),
        unfinished=target.unit in now.unfinished,
        secret_key=lambda: run.secret_key,
        reconciling=target.unit in run.drifting,
        claimed=claims.held_since(now, run.claim),
        ended=_ended(run, now),
        prometheus=_prometheus(run, environment),
    )


def _wired(run: EnvironmentRun, target: Target, found: EnvironmentState) -> Unit:
    """Return the declared unit with outputs in place of references, if they are known for that release.

    For the release to come these are the outputs applied now. For an earlier release they are the outputs applied
    before, because units are rolled back before the units they need.
    """
    declared = run.unit(target.unit, target.release)
    receipts = found.receipts if target.release == run.release.id else found.attempt.before.receipts
    named = references.sources(declared.inputs)
    if not named or not named <= receipts.keys():
        return declared
    return replace(declared, inputs=references.fill(declared.inputs, {n: receipts[n].outputs for n in named}))


def _readers(run: EnvironmentRun) -> dict[str, Variables]:
    """Return read-only credentials for the accounts of the platform's other environments, assumed when used."""
    others = [each for each in run.platform.environments if each.account and each.roles]
    reading = run.runtime.access.reading
    return {each.account: partial(reading, each) for each in others if each.account != run.environment.account}


def _elsewhere(run: EnvironmentRun, unit: str) -> tuple[Receipt, ...]:
    """Return the unit's receipts in other environments, current ones and those to roll back to."""
    others = (name for name in run.ledger.environments() if name != run.environment.name)
    found = [run.ledger.state(name) for name in others]
    receipts = (held.get(unit) for state in found for held in (state.receipts, state.attempt.before.receipts))
    return tuple(receipt for receipt in receipts if receipt is not None)


def _neighbours(run: EnvironmentRun, target: Target) -> list[Unit]:
    """Return the other units of the environment, as the target's release declares them."""
    declared = run.checkout(target.release).platform.units_in(target.environment)
    return [run.unit(unit.name, target.release) for unit in declared if unit.name != target.unit]


def _together(run: EnvironmentRun, target: Target) -> list[Unit]:
    """Return units worked on at the same time in the target's checkout, with the same region and roles."""
    here = run.environment_of(target.unit, target.release)
    names = [unit for unit, release in run.together.items() if release == target.release and unit != target.unit]
    alike = [name for name in names if run.environment_of(name, target.release) == here]
    return [run.unit(name, target.release) for name in alike]


def _ended(run: EnvironmentRun, now: EnvironmentState) -> tuple[EndedHolder, ...]:
    """Return earlier holders of the claim that a person declared over, and the jobs under it that were given up."""
    ended = now.claim.ended if now.claim else ()
    return (*ended, *run.desk.gone(claims.open_since(now))) if ended and run.environment.work_pool else ended


def _prometheus(run: EnvironmentRun, environment: Environment) -> Callable[[], Prometheus] | None:
    """Return a function for the environment's Prometheus client; None if none is declared or may be queried."""
    if environment.prometheus is None or run.runtime.asks_no_prometheus:
        return None
    return lambda: run.runtime.prometheus(environment, _QUERY_SECONDS)
