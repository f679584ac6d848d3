"""The engine of a unit that is worked on elsewhere: every method is a job, and what it returns comes from there.

No plan of a tool travels: who applies plans again, by what the first plan was made with, and applies only if that
comes to the same. An apply that got no answer from the tool was observed by the same job, which has the tool's plan;
one whose job is lost is observed by another. As long as a job that began an apply has not answered, and nobody knows
that it is over, nothing more is applied to its unit.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime

from tasks.domain.errors import StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.rules import Violation
from tasks.engines.base import Workspace
from tasks.jobs.desk import Desk
from tasks.jobs.records import Answer, Call, JobRequest, Making
from tasks.jobs.waiting import Waiting


@dataclass
class Jobs:
    """What the engines of one run have in common.

    Attributes:
        waiting: gives jobs to the pool, and waits.
        desk: where they are.
        release: what the run goes to.
        claim: the claim of the run, and since when the environment is claimed.
        root: the run that somebody started, in the run history.
        validated: {unit: what validators have against it}, of those that were validated in this run.
        made: {digest of a plan: how it was made}.
        observed: {digest of a plan: what is there after its apply, where that is known already}.
        applies: {unit: the job that was last asked to apply something to it}.
    """

    waiting: Waiting
    desk: Desk
    release: str
    claim: Callable[[], tuple[str, datetime | None]]
    root: str
    validated: MutableMapping[str, tuple[Violation, ...]]
    made: dict[str, Making] = field(default_factory=dict)
    observed: dict[str, Observation] = field(default_factory=dict)
    applies: dict[str, str] = field(default_factory=dict)


class PooledEngine:
    """The engine of a unit, at work in a job for every call."""

    def __init__(self, workspace: Workspace, jobs: Jobs) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._adopted: Baseline | None = None
        self._has_looked = False

    def validate(self) -> None:
        """Find what is wrong with a unit that cannot be planned yet."""
        self._asked("validate")

    def plan(self, inputs: Inputs) -> Plan:
        """What applying the unit would do."""
        unit = self._workspace.unit.name
        making = self._making(inputs=inputs)
        answer = self._asked("plan", making=making, validates=unit not in self._jobs.validated)
        self._adopted, self._has_looked = answer.adopted, True
        if answer.violations is not None:
            self._jobs.validated[unit] = answer.violations
        return self._made(answer, making) or _nothing(self._workspace.target)

    def apply(self, plan: Plan) -> Applied:
        """Plan again elsewhere, and apply that if it is the same as `plan`; else `StalePlan`."""
        making = self._jobs.made.get(plan.digest)
        if making is None:
            raise StalePlan(f"{plan.target}: it was planned by another run; plan again")
        self._never_begun()
        self._refuse_at_work(plan)
        request = self._request("apply", plan=plan, making=making)
        job = self._jobs.applies[plan.target.unit] = self._jobs.desk.ask(request)
        answer = self._answer(job, request)
        if answer.observation:
            self._jobs.observed[plan.digest] = answer.observation
        return answer.applied or Applied.unanswered(Unanswered(f"job {job} answered without a result"))

    def observe(self, plan: Plan) -> Observation:
        """What is there after an unanswered apply: as its own job saw it, else as another one does."""
        if known := self._jobs.observed.pop(plan.digest, None):
            return known
        making = self._jobs.made.get(plan.digest)
        if making is None:
            return Observation(Progress.PARTIAL, detail="it was planned by another run, so nobody can compare")
        if self._never_begun():
            return Observation(Progress.UNCHANGED)
        answer = self._asked("observe", plan=plan, making=making)
        return answer.observation or Observation(Progress.PARTIAL, detail="nothing is known of it")

    def verify(self) -> Verification:
        """Whether the tool finds the unit as declared."""
        answer = self._asked("verify")
        if answer.verification is None:
            raise Unanswered(f"{self._workspace.target}: the job answered without a result")
        return answer.verification

    def plan_rollback(self, _: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """What going back would do."""
        receipt = to if isinstance(to, Receipt) else None
        making = self._making(receipt=receipt, baseline=to if isinstance(to, Baseline) else None)
        return self._made(self._asked("plan", making=making), making)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What somebody changed since the receipt."""
        return self._asked("drift", receipt=receipt).plan or _nothing(receipt.target)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs after a good apply, though nobody made it."""
        return self._asked("settle", receipt=receipt).changes

    def adopt(self) -> Baseline | None:
        """What exists already of a unit; as the job saw it that has just planned, if one has."""
        return self._adopted if self._has_looked else self._asked("adopt").adopted

    def _making(
        self, inputs: Inputs | None = None, receipt: Receipt | None = None, baseline: Baseline | None = None
    ) -> Making:
        here = self._workspace
        return Making(inputs, receipt, baseline, here.baseline, here.unfinished, here.reconciling, here.state_changes)

    def _made(self, answer: Answer, making: Making) -> Plan | None:
        if answer.plan is not None:
            self._jobs.made[answer.plan.digest] = making
        return answer.plan

    def _never_begun(self) -> bool:
        """Withdraw the unit's last apply; False if it was begun, or there was none.

        A run that got no answer from the store does not know whether its job still waits for a worker.
        """
        job = self._jobs.applies.get(self._workspace.target.unit)
        return job is not None and self._jobs.waiting.withdraw(job)

    def _refuse_at_work(self, plan: Plan) -> None:
        """An earlier job may still apply something to the unit."""
        since = self._jobs.claim()[1]
        if since is None:
            return
        for job, begun in self._jobs.desk.unanswered_applies(since, plan.target.unit):
            self._jobs.desk.abandon(job)
            raise Unanswered(
                f"{plan.target}: job {job} may still be at work on {begun.holder.get('host', 'another machine')}. "
                f"Make sure that it is not, then run `flowmart recover {plan.target.environment} --run-is-over`"
            )

    def _asked(
        self,
        call: Call,
        *,
        plan: Plan | None = None,
        making: Making | None = None,
        receipt: Receipt | None = None,
        validates: bool = False,
    ) -> Answer:
        request = self._request(
            call, plan=plan, making=making or self._making(), receipt=receipt, validates=validates
        )
        return self._answer(self._jobs.desk.ask(request), request)

    def _request(
        self,
        call: Call,
        *,
        plan: Plan | None,
        making: Making,
        receipt: Receipt | None = None,
        validates: bool = False,
    ) -> JobRequest:
        jobs = self._jobs
        return JobRequest(
            call=call,
            target=self._workspace.target,
            release=jobs.release,
            claim=jobs.claim()[0],
            root=jobs.root,
            making=making,
            plan=plan,
            receipt=receipt,
            validates=validates,
        )

    def _answer(self, job: str, request: JobRequest) -> Answer:
        return self._jobs.waiting.answer(job, request, self._workspace.unit.time_limit)


def _nothing(target: Target) -> Plan:
    raise Unanswered(f"{target}: the job answered without a plan; its machine may have another version of flowmart")
