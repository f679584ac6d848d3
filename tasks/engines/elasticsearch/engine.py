"""Elasticsearch and OpenSearch behind the engine protocol: objects of their API, each written whole.

A plan compares every object with what is there, in one form. It holds the bodies that its apply writes, and is stale
when anything of what it compared has changed. Data is never deleted: a template that a data stream follows, and a
pipeline that documents go through, stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan, StateChange
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines.base import Engine, Workspace
from tasks.engines.elasticsearch import components, forms, neighbours, plans, proposal, server, shown, sources, survey
from tasks.engines.elasticsearch.addresses import Address, Body, ordered, parsed
from tasks.engines.elasticsearch.application import Application
from tasks.engines.elasticsearch.options import ElasticsearchOptions
from tasks.engines.elasticsearch.plans import Saved
from tasks.engines.elasticsearch.proposal import Proposal
from tasks.engines.elasticsearch.simulation import VALIDATORS
from tasks.engines.elasticsearch.stack import Stack
from tasks.engines.elasticsearch.survey import Survey
from tasks.engines.observations import verified


class ElasticsearchObjects:
    """The engine for units whose source is a folder of templates, pipelines and policies."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def validate(self) -> None:
        """The files are what they must be, and the environment has a server."""
        sources.load(self.workspace, self.workspace.unit.inputs)
        server.reading(self.workspace)

    def plan(self, inputs: Inputs) -> Plan:
        """What differs, and what an earlier release brought and this one has no more."""
        workspace, stack = self.workspace, server.reading(self.workspace)
        wanted, remarks = self._wanted(stack, inputs.values)
        neighbours.refuse_shared(workspace, wanted)
        listed = survey.listed(workspace.receipt)
        found = Survey(wanted, survey.live(stack, {*wanted, *listed}), survey.records(workspace.receipt))
        plan = self._planned(stack, found, inputs.digest, remarks)
        return replace(
            plan,
            changes_outputs=set(wanted) != listed,
            unknown=components.missing(stack, wanted),
            state_changes=self._taken_over(found, listed),
        )

    def apply(self, plan: Plan) -> Applied:
        """Write and remove what was planned.

        Raises:
            StalePlan: something of what was compared has changed since.
        """
        saved, stack = plans.load(plan), server.writing(self.workspace)
        if survey.basis(survey.live(stack, saved.compared)) != plan.basis:
            raise StalePlan(f"{plan.target}: somebody changed an object since it was planned; plan again")
        work = Application(stack, saved)
        try:
            work.carry_out()
            there = survey.live(stack, saved.wanted)
        except (Unanswered, Refused) as error:
            outcome = Outcome.UNANSWERED if isinstance(error, Unanswered) else Outcome.FAILED
            return Applied(outcome, detail=f"{error}\nDone before: {', '.join(work.done) or 'nothing'}")
        return Applied(Outcome.SUCCEEDED, _outputs(saved), details=_details(saved, there))

    def observe(self, plan: Plan) -> Observation:
        """Compare every object that was planned with what is there now."""
        saved, stack = plans.load(plan), server.reading(self.workspace)
        found = survey.live(stack, saved.compared)
        streams = server.surroundings(stack.search).streams if saved.streams else {}
        left = [str(each) for each in saved.written if not _is_written(saved, found, each)]
        left += [f"remove {each}" for each in saved.gone if found[each] is not None]
        left += [f"roll over {each}" for each, number in saved.streams.items() if streams.get(each, 0) <= number]
        if not left:
            return Observation(Progress.DONE, _outputs(saved), details=_details(saved, found))
        if survey.basis(found) == plan.basis:
            return Observation(Progress.UNCHANGED)
        return Observation(Progress.PARTIAL, detail=f"still to do: {', '.join(left)}")

    def verify(self) -> Verification:
        """Whether a new plan has no changes."""
        return verified(self.plan(self.workspace.inputs))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Back to the receipt's release, or to the bodies of the baseline; what the failed one brought is removed.

        What was there before, though no release of ours had it, stays as the failed release has left it.
        """
        stack = server.reading(self.workspace)
        wanted, remarks = self._restored(stack, to)
        tried, _ = ElasticsearchObjects(failed)._wanted(stack, failed.unit.inputs)
        brought = {*tried, *survey.listed(failed.receipt), *survey.listed(self.workspace.receipt)}
        compared = {*wanted, *(brought - _preexisting(self.workspace, failed))}
        record = survey.records(to) if isinstance(to, Receipt) else {}
        found = Survey(wanted, survey.live(stack, compared), record)
        digest = to.inputs_digest if isinstance(to, Receipt) else Inputs().digest
        return self._planned(stack, found, digest, remarks, back=True)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What differs: as it was applied, against as it is."""
        stack = server.reading(self.workspace)
        wanted, _ = self._wanted(stack, self.workspace.unit.inputs)
        found = Survey(wanted, survey.live(stack, wanted), survey.records(receipt))
        changes = tuple(change.reversed for change in found.changes)
        return Plan(
            target=receipt.target,
            engine="elasticsearch",
            changes=changes,
            unit_digest=self.workspace.unit_digest,
            inputs_digest=receipt.inputs_digest,
            basis=found.basis,
            text=proposal.text(changes),
        )

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply, though nobody touched anything."""
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        """The unit's objects that are there already, with their bodies; without those that hold secrets."""
        stack = server.reading(self.workspace)
        wanted, _ = self._wanted(stack, self.workspace.unit.inputs)
        found = survey.live(stack, wanted)
        there = {str(each): _kept(each, body) for each, body in sorted(found.items()) if body is not None}
        return Baseline(f"existing objects: {', '.join(there)}", {"objects": there}) if there else None

    def _wanted(self, stack: Stack, values: Mapping[str, Any]) -> tuple[dict[Address, Body], tuple[str, ...]]:
        """The objects of the release that are for this server, and remarks on others."""
        objects = sources.load(self.workspace, values).objects
        return server.applicable(stack, objects, self._options)

    def _restored(self, stack: Stack, to: Receipt | Baseline | None) -> tuple[dict[Address, Body], tuple[str, ...]]:
        if isinstance(to, Receipt):
            return self._wanted(stack, self.workspace.unit.inputs)
        kept = to.data["objects"] if to else {}
        remarks = tuple(f"{name} is not put back: it holds secrets" for name, body in kept.items() if body is None)
        return {parsed(name): body for name, body in kept.items() if body is not None}, remarks

    def _planned(
        self,
        stack: Stack,
        found: Survey,
        inputs_digest: str,
        remarks: tuple[str, ...],
        *,
        back: bool = False,
    ) -> Plan:
        workspace = self.workspace
        unit = workspace.unit
        now = server.surroundings(stack.search)
        made = Proposal(found, now, self._options.rollover, unit.protected, back, remarks)
        return Plan(
            target=workspace.target,
            engine="elasticsearch",
            changes=made.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=found.basis,
            artifact=plans.save(made.saved, workspace.folder),
            text=proposal.text(made.changes, made.warnings),
            reversibility=made.reversibility,
            warnings=made.warnings,
            secrets=shown.fingerprint({each: found.wanted[each] for each in found.differing}, workspace.secret_key),
        )

    def _taken_over(self, found: Survey, listed: frozenset[Address]) -> tuple[StateChange, ...]:
        """Objects that a later release of the unit takes over from somebody else: a rollback leaves them."""
        if self.workspace.receipt is None:
            return ()
        there = (each for each in ordered(found.wanted) if found.live[each] is not None)
        own = listed | _adopted(self.workspace.baseline)
        return tuple(StateChange(Action.IMPORT, str(each), identity=each.name) for each in there if each not in own)

    @property
    def _options(self) -> ElasticsearchOptions:
        return self.workspace.options(ElasticsearchOptions)


def _kept(address: Address, body: Body) -> Body | None:
    """What the ledger may have of an object."""
    return None if shown.has_secrets(address.kind, body) else forms.sent(address.kind, body)


def _is_written(saved: Saved, found: survey.Live, address: Address) -> bool:
    there = found[address]
    wanted = forms.form(address.kind, saved.wanted[address])
    return there is not None and forms.form(address.kind, there) == wanted


def _preexisting(workspace: Workspace, failed: Workspace) -> frozenset[Address]:
    taken = (each.address for each in failed.state_changes if each.action is Action.IMPORT)
    return _adopted(workspace.baseline) | _adopted(failed.baseline) | frozenset(map(parsed, taken))


def _adopted(baseline: Baseline | None) -> frozenset[Address]:
    return frozenset(map(parsed, baseline.data.get("objects", ()))) if baseline else frozenset()


def _outputs(saved: Saved) -> dict[str, Any]:
    return {"objects": [str(each) for each in ordered(saved.wanted)]}


def _details(saved: Saved, there: survey.Live) -> dict[str, Any]:
    return {"records": survey.recorded(saved.wanted, there)}


ENGINE = Engine(
    name="elasticsearch",
    make=ElasticsearchObjects,
    reads=sources.reads,
    interface=sources.interface,
    options=ElasticsearchOptions,
    validators=VALIDATORS,
    faults=sources.faults,
    shares_source=True,
    on_search_server=True,
)
