"""The engine for objects of Elasticsearch and OpenSearch; each object is written as a whole.

A plan compares every object with the existing one, both in one form. It holds the bodies that its apply writes, and
becomes stale when any compared object changes. Data is never deleted: a template that a data stream follows, and a
pipeline that documents go through, are not removed.
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
        """Check that the files are valid, and that the environment declares a server."""
        sources.load(self.workspace, self.workspace.unit.inputs)
        server.reading(self.workspace)

    def plan(self, inputs: Inputs) -> Plan:
        """Plan to write the objects that differ, and to remove those that only an earlier release has.

        Args:
            inputs: the unit's inputs; their values replace `${NAME}` in the files.

        Raises:
            InvalidInput: the files are invalid, or another unit has one of the objects.
            Refused: an object to remove is in use, or the server would reject a template.
        """
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
        """Write and remove the planned objects.

        Returns:
            The result; if the server rejects a request or does not respond, its detail lists what was done before.

        Raises:
            StalePlan: a compared object has changed since the plan.
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
        """Compare every planned object with what exists now."""
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
        """Check that a new plan has no changes."""
        return verified(self.plan(self.workspace.inputs))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan a return to the receipt's release, or to the baseline's bodies; remove what the failed release added.

        Objects that existed before, though no release of ours had them, stay as the failed release has left them.
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
        """Return the differences as changes from the applied to the existing objects."""
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
        """Return what differs right after a successful apply although nobody changed anything."""
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        """Return the unit's existing objects, without bodies that hold secrets; None if no object exists."""
        stack = server.reading(self.workspace)
        wanted, _ = self._wanted(stack, self.workspace.unit.inputs)
        found = survey.live(stack, wanted)
        there = {str(each): _kept(each, body) for each, body in sorted(found.items()) if body is not None}
        return Baseline(f"existing objects: {', '.join(there)}", {"objects": there}) if there else None

    def _wanted(self, stack: Stack, values: Mapping[str, Any]) -> tuple[dict[Address, Body], tuple[str, ...]]:
        """Return the objects of the release that apply to this server, and remarks on the others."""
        objects = sources.load(self.workspace, values).objects
        return server.applicable(stack, objects, self._options)

    def _restored(self, stack: Stack, to: Receipt | Baseline | None) -> tuple[dict[Address, Body], tuple[str, ...]]:
        if isinstance(to, Receipt):
            return self._wanted(stack, self.workspace.unit.inputs)
        kept = to.data["objects"] if to else {}
        remarks = tuple(f"{name} is not restored: it holds secrets" for name, body in kept.items() if body is None)
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
        """Return existing objects that a later release of the unit takes over: a rollback keeps them."""
        if self.workspace.receipt is None:
            return ()
        there = (each for each in ordered(found.wanted) if found.live[each] is not None)
        own = listed | _adopted(self.workspace.baseline)
        return tuple(StateChange(Action.IMPORT, str(each), identity=each.name) for each in there if each not in own)

    @property
    def _options(self) -> ElasticsearchOptions:
        return self.workspace.options(ElasticsearchOptions)


def _kept(address: Address, body: Body) -> Body | None:
    """Return the body that the ledger may keep; None if it has secrets."""
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
