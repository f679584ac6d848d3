"""Planning and testing the units of one environment: what would be done, and what policies say about it.

A unit is up to date when its digest and its inputs equal its receipt's and its checks passed on it. One that needs
outputs which do not exist yet is validated now, and planned in its turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tasks.domain import graph, wording
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.events import PlanDenied, UnitPlanned
from tasks.domain.plan import Plan, Reversibility
from tasks.domain.release import Baseline, Inputs
from tasks.domain.rules import Violation
from tasks.domain.values import digest_of
from tasks.engines import UnitEngine, validation
from tasks.ledger.state import EnvironmentState
from tasks.policy.rego import Purpose
from tasks.promotion.approved import Approved
from tasks.promotion.environment_run import EnvironmentRun


@dataclass(frozen=True)
class NotPlanned:
    """A unit for which there is no plan, and why: it is up to date, or (`later`) waits for outputs of others."""

    unit: str
    why: str
    later: bool = False


Planned = Plan | NotPlanned

UP_TO_DATE = "is up to date"
"""Why there is no plan of a unit that is as the release wants it."""


@dataclass(frozen=True)
class PlanSet:
    """All plans of an environment.

    `later`: {unit that is planned again on the way: the units it waits for}; of those in `unplanned` there is no plan
    at all yet, because they need outputs that do not exist.
    """

    plans: Sequence[Plan]
    later: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unplanned: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """What is approved."""
        return digest_of([sorted(plan.digest for plan in self.plans), sorted(self.later)])

    @property
    def empty(self) -> bool:
        """Whether it would change nothing."""
        return not self.later and all(plan.empty for plan in self.plans)

    @property
    def told(self) -> dict[str, str]:
        """What each unit's plan would do, in words."""
        planned = {plan.target.unit: wording.planned(plan) for plan in self.plans if not plan.empty}
        again = {unit: f"planned again after {' and '.join(needs)}" for unit, needs in self.later.items()}
        units = dict.fromkeys([*planned, *again])
        return {unit: "; ".join(filter(None, [planned.get(unit), again.get(unit)])) for unit in units}

    @property
    def approved(self) -> Approved:
        """What may be applied once this plan set is approved."""
        known = {plan.target.unit: plan.removed for plan in self.plans}
        again = {unit: known.get(unit, frozenset()) for unit in self.later}
        return Approved(frozenset(plan.digest for plan in self.plans), again)

    def going_by_themselves(self, applied: Collection[str]) -> Approved:
        """What may be applied though no person looks at it. `applied` are the units of which something is applied."""
        known = {plan.target.unit: plan.risks for plan in self.plans}
        again = {unit: known.get(unit, frozenset()) for unit in self.later}
        new = frozenset(again.keys() - {*applied})
        return Approved(frozenset(plan.digest for plan in self.plans), again, by_itself=True, new=new)


def plan(run: EnvironmentRun, unit: str, upstream: Mapping[str, Planned]) -> Planned:
    """Plan a unit with what is known now, and record what it would do.

    `upstream` are plans of units that it takes outputs from: outputs that are foreseen already are used.
    """
    with run.turn(unit):
        found = run.state()
        foreseen = {name: p.outputs for name, p in upstream.items() if isinstance(p, Plan) and p.outputs is not None}
        inputs = run.inputs(unit, found.receipts, foreseen)
        engine = run.engine(run.target(unit))
        if not inputs.known:
            waits = ", ".join(name for name, outputs in inputs.upstream.items() if outputs is None)
            engine.validate()
            return NotPlanned(unit, f"is planned once {waits} has outputs", later=True)
        if is_up_to_date(run, unit, found, inputs) and unit not in run.drifting:
            return NotPlanned(unit, UP_TO_DATE)
        made = engine.plan(inputs)
        made = _adopting(made, _baseline(unit, found, engine))
    run.record(
        UnitPlanned(
            **run.about(unit),
            counts=made.counts,
            changes_outputs=made.changes_outputs,
            digest=made.digest,
            unknown=len(made.unknown),
        )
    )
    run.log(unit).info("planned", what=wording.planned(made))
    run.reporter.planned(made)
    return made


def _baseline(unit: str, found: EnvironmentState, engine: UnitEngine) -> Baseline | None:
    """What existed of a unit before our first apply: as recorded, else as the engine finds it now."""
    if unit in found.receipts:
        return None
    return found.baselines.get(unit) or engine.adopt()


def test(run: EnvironmentRun, unit: str, planned: Planned) -> tuple[Violation, ...]:
    """Run validators and policies over a plan; `Refused` names every denial."""
    if not isinstance(planned, Plan):
        return ()
    found = violations(run, planned)
    denials = [violation for violation in found if violation.denied]
    if denials:
        run.record(PlanDenied(**run.about(unit), findings=tuple(denials)))
        told = "\n".join(f"  {violation.policy}: {violation.message}" for violation in denials)
        raise Refused(f"{planned.target}: denied\n{told}")
    run.log(unit).info("tested", what=wording.number(len(found), "warning") if found else _nothing_against(run))
    return found


def _nothing_against(run: EnvironmentRun) -> str:
    # Whoever believes that there are policies should see here that there are none.
    return "no violations" if run.here.policies.sources else "no violations, since there are no policies"


def violations(run: EnvironmentRun, made: Plan, purpose: Purpose = "promote") -> tuple[Violation, ...]:
    """What the tool's validators and the release's policies have against a plan; for a rollback, the policies."""
    unit = run.unit(made.target.unit, made.target.release)
    found = run.here.policies.test(made, unit, run.here.overrides, run.clock.now(), purpose)
    if purpose == "rollback":
        return found
    if unit.name not in run.validated:
        validators = run.runtime.engines[unit.engine].validators
        run.validated[unit.name] = validation.violations(run.workspace(made.target), validators)
    return (*run.validated[unit.name], *found)


def is_good(run: EnvironmentRun, unit: str, found: EnvironmentState) -> bool:
    """Whether the unit is applied as the release has it and its checks passed on it."""
    receipt = found.receipts.get(unit)
    return receipt is not None and unit in found.smoked and receipt.unit_digest == run.unit_digest(unit)


def is_up_to_date(run: EnvironmentRun, unit: str, found: EnvironmentState, inputs: Inputs) -> bool:
    """Whether planning the unit again could not give anything new."""
    return is_good(run, unit, found) and found.receipts[unit].inputs_digest == inputs.digest


def unchanged(run: EnvironmentRun) -> tuple[str, ...]:
    """The units that are up to date whatever the plans of others say: there is nothing to plan."""
    found = run.state()
    known: list[str] = []
    for unit in run.units:
        if unit in run.drifting or not is_good(run, unit, found) or not run.sources(unit) <= {*known}:
            continue
        # Inputs that do not fit are told by the plan of the unit, beside what is wrong with others.
        with suppress(InvalidInput):
            inputs = run.inputs(unit, found.receipts)
            if inputs.known and is_up_to_date(run, unit, found, inputs):
                known.append(unit)
    return tuple(known)


def stays(made: Planned) -> bool:
    """Whether the unit is up to date, so that there is nothing to apply, to check or to settle."""
    return isinstance(made, NotPlanned) and not made.later


def expected(run: EnvironmentRun) -> dict[str, str]:
    """{unit: release} of the units that are to be planned, as far as that is known before their inputs are."""
    found = run.state()
    return {unit: run.release.id for unit in run.units if unit in run.drifting or not is_good(run, unit, found)}


def moving(run: EnvironmentRun, plans: Mapping[str, Planned]) -> frozenset[str]:
    """Units whose outputs may change, and everything below them.

    A unit without a receipt counts, even with an empty plan: units below can read nothing from it yet.
    """
    known = run.state().receipts
    changed = {unit for unit, made in plans.items() if changes(made) or unit not in known}
    return frozenset(graph.affected(run.needs, changed))


def plan_set(run: EnvironmentRun, plans: Mapping[str, Planned]) -> PlanSet:
    """What would be done to an environment, and which units are planned again on the way, after which others.

    That is every unit below one whose outputs may change in a way that is not known yet.
    """
    later: dict[str, list[str]] = {}
    for unit in run.units:
        waits = [need for need in run.needs[unit] if need in later or _gives_unknown(plans[need])]
        if waits:
            later[unit] = waits
    unplanned = frozenset(unit for unit, made in plans.items() if isinstance(made, NotPlanned) and made.later)
    return PlanSet([made for made in plans.values() if isinstance(made, Plan)], later, unplanned)


def changes(made: Planned) -> bool:
    """Whether something is applied of a unit, as far as it is known."""
    return made.later if isinstance(made, NotPlanned) else not made.empty


def _gives_unknown(made: Planned) -> bool:
    return changes(made) and (isinstance(made, NotPlanned) or made.outputs is None)


def _adopting(made: Plan, baseline: Baseline | None) -> Plan:
    """The plan, saying what it adopts: that cannot be undone by removing it again."""
    if baseline is None:
        return made
    told = f"adopts what exists: {baseline.description}; a rollback does not remove it"
    undone = made.reversibility if made.empty else max(made.reversibility, Reversibility.NEEDS_CARE, key=_care)
    return replace(made, baseline=baseline, warnings=(told, *made.warnings), reversibility=undone)


def _care(found: Reversibility) -> int:
    return [*Reversibility].index(found)
