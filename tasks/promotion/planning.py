"""Plan and test the units of one environment: what would change, and what policies say about it.

A unit is up to date when its digest and its inputs equal those of its receipt and its checks passed. A unit that
needs outputs which do not exist yet is validated now, and planned when they do.
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
    """A unit without a plan, and why: it is up to date, or (`later`) waits for outputs of other units."""

    unit: str
    why: str
    later: bool = False


Planned = Plan | NotPlanned

UP_TO_DATE = "is up to date"
"""The reason why a unit that matches the release has no plan."""


@dataclass(frozen=True)
class PlanSet:
    """All plans of an environment.

    `later`: {unit that is planned again during the promotion: the units it waits for}. Those in `unplanned` have no
    plan yet, because they need outputs that do not exist.
    """

    plans: Sequence[Plan]
    later: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unplanned: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """The digest that people approve."""
        return digest_of([sorted(plan.digest for plan in self.plans), sorted(self.later)])

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not self.later and all(plan.empty for plan in self.plans)

    @property
    def descriptions(self) -> dict[str, str]:
        """{unit: what its plan would do, in words}, of the units with changes."""
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
        """Return what may be applied without an approval.

        Args:
            applied: the units that were applied before.
        """
        known = {plan.target.unit: plan.risks for plan in self.plans}
        again = {unit: known.get(unit, frozenset()) for unit in self.later}
        new = frozenset(again.keys() - {*applied})
        return Approved(frozenset(plan.digest for plan in self.plans), again, by_itself=True, new=new)


def plan(run: EnvironmentRun, unit: str, upstream: Mapping[str, Planned]) -> Planned:
    """Plan a unit with the inputs known so far, and record what would change.

    Args:
        upstream: plans of the units whose outputs it takes; outputs that they foresee are used.

    Returns:
        The plan, or a `NotPlanned` that says why there is none.
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
    """Return what existed of a unit before its first apply: as recorded, or as the engine finds it now."""
    if unit in found.receipts:
        return None
    return found.baselines.get(unit) or engine.adopt()


def test(run: EnvironmentRun, unit: str, planned: Planned) -> tuple[Violation, ...]:
    """Run validators and policies on a plan, and return the violations that only warn.

    Raises:
        Refused: at least one violation denies the plan; the message lists all that do.
    """
    if not isinstance(planned, Plan):
        return ()
    found = violations(run, planned)
    denials = [violation for violation in found if violation.denied]
    if denials:
        run.record(PlanDenied(**run.about(unit), findings=tuple(denials)))
        lines = "\n".join(f"  {violation.policy}: {violation.message}" for violation in denials)
        raise Refused(f"{planned.target}: denied\n{lines}")
    run.log(unit).info("tested", what=wording.number(len(found), "warning") if found else _nothing_against(run))
    return found


def _nothing_against(run: EnvironmentRun) -> str:
    # A platform without policies must not look like one whose policies all passed.
    return "no violations" if run.here.policies.sources else "no violations, since there are no policies"


def violations(run: EnvironmentRun, made: Plan, purpose: Purpose = "promote") -> tuple[Violation, ...]:
    """Return violations from the tool's validators and the release's policies; for a rollback, from policies only."""
    unit = run.unit(made.target.unit, made.target.release)
    found = run.here.policies.test(made, unit, run.here.overrides, run.clock.now(), purpose)
    if purpose == "rollback":
        return found
    if unit.name not in run.validated:
        validators = run.runtime.engines[unit.engine].validators
        run.validated[unit.name] = validation.violations(run.workspace(made.target), validators)
    return (*run.validated[unit.name], *found)


def is_good(run: EnvironmentRun, unit: str, found: EnvironmentState) -> bool:
    """Tell whether the unit is applied as the release declares it and its checks passed."""
    receipt = found.receipts.get(unit)
    return receipt is not None and unit in found.smoked and receipt.unit_digest == run.unit_digest(unit)


def is_up_to_date(run: EnvironmentRun, unit: str, found: EnvironmentState, inputs: Inputs) -> bool:
    """Tell whether a new plan of the unit cannot contain anything new."""
    return is_good(run, unit, found) and found.receipts[unit].inputs_digest == inputs.digest


def unchanged(run: EnvironmentRun) -> tuple[str, ...]:
    """Return the units that are up to date whatever the plans of others say, so that they need no plan."""
    found = run.state()
    known: list[str] = []
    for unit in run.units:
        if unit in run.drifting or not is_good(run, unit, found) or not run.sources(unit) <= {*known}:
            continue
        # The unit's own plan reports inputs that do not fit, together with the errors of other units.
        with suppress(InvalidInput):
            inputs = run.inputs(unit, found.receipts)
            if inputs.known and is_up_to_date(run, unit, found, inputs):
                known.append(unit)
    return tuple(known)


def stays(made: Planned) -> bool:
    """Tell whether the unit is up to date, with nothing to apply, check or settle."""
    return isinstance(made, NotPlanned) and not made.later


def expected(run: EnvironmentRun) -> dict[str, str]:
    """Return {unit: release} of the units to be planned, as far as that is known before their inputs are."""
    found = run.state()
    return {unit: run.release.id for unit in run.units if unit in run.drifting or not is_good(run, unit, found)}


def moving(run: EnvironmentRun, plans: Mapping[str, Planned]) -> frozenset[str]:
    """Return the units whose outputs may change, and every unit that depends on them.

    A unit without a receipt counts, even with an empty plan: units that depend on it cannot read its outputs yet.
    """
    known = run.state().receipts
    changed = {unit for unit, made in plans.items() if changes(made) or unit not in known}
    return frozenset(graph.affected(run.needs, changed))


def plan_set(run: EnvironmentRun, plans: Mapping[str, Planned]) -> PlanSet:
    """Return the plan set, with the units that are planned again during the promotion and what they wait for.

    These are all units that depend on one whose outputs may change in a way that is not known yet.
    """
    later: dict[str, list[str]] = {}
    for unit in run.units:
        waits = [need for need in run.needs[unit] if need in later or _gives_unknown(plans[need])]
        if waits:
            later[unit] = waits
    unplanned = frozenset(unit for unit, made in plans.items() if isinstance(made, NotPlanned) and made.later)
    return PlanSet([made for made in plans.values() if isinstance(made, Plan)], later, unplanned)


def changes(made: Planned) -> bool:
    """Tell whether the unit has something to apply, as far as is known."""
    return made.later if isinstance(made, NotPlanned) else not made.empty


def _gives_unknown(made: Planned) -> bool:
    return changes(made) and (isinstance(made, NotPlanned) or made.outputs is None)


def _adopting(made: Plan, baseline: Baseline | None) -> Plan:
    """Return the plan with a warning about what it adopts: removing that again would not undo the adoption."""
    if baseline is None:
        return made
    warning = f"adopts what exists: {baseline.description}; a rollback does not remove it"
    undone = made.reversibility if made.empty else max(made.reversibility, Reversibility.NEEDS_CARE, key=_care)
    return replace(made, baseline=baseline, warnings=(warning, *made.warnings), reversibility=undone)


def _care(found: Reversibility) -> int:
    return [*Reversibility].index(found)
