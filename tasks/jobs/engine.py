"""The engine of a unit that is worked on elsewhere: every method submits a job and returns its result.

A tool's own plan never leaves its machine. The job that applies plans again with the inputs of the first plan, and
applies only if the new plan has the same digest. If the tool does not respond to the apply, the same job observes the
result, because it has the tool's plan. If that job is lost, another job observes. While a job that started an apply
has not answered, and is not known to be over, nothing more is applied to its unit.
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
    """What the engines of one run share.

    Attributes:
        waiting: submits jobs to the pool, and waits for them.
        desk: the stored jobs.
        release: the release that the run promotes.
        claim: returns the run's claim, and since when the environment is claimed.
        root: the top-level run in the run history.
        validated: {unit: violations from validators} of the units validated in this run.
        made: {digest of a plan: how it was made}.
        observed: {digest of a plan: what exists after its apply}, if known already.
        applies: {unit: the last job that was requested to apply something to it}.
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
    """The engine of a unit; each call runs in a job."""

    def __init__(self, workspace: Workspace, jobs: Jobs) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._adopted: Baseline | None = None
        self._has_looked = False

    def validate(self) -> None:
        """Validate a unit that cannot be planned yet."""
        self._asked("validate")

    def plan(self, inputs: Inputs) -> Plan:
        """Return what applying the unit would do."""
        unit = self._workspace.unit.name
        making = self._making(inputs=inputs)
        answer = self._asked("plan", making=making, validates=unit not in self._jobs.validated)
        self._adopted, self._has_looked = answer.adopted, True
        if answer.violations is not None:
            self._jobs.validated[unit] = answer.violations
        return self._made(answer, making) or _nothing(self._workspace.target)

    def apply(self, plan: Plan) -> Applied:
        """Apply a plan in a job, which plans again and raises `StalePlan` if the new plan differs from `plan`."""
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
        """Return what exists after an unanswered apply, as its own job or another one observed it."""
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
        """Return whether the unit's tool finds it as declared."""
        answer = self._asked("verify")
        if answer.verification is None:
            raise Unanswered(f"{self._workspace.target}: the job answered without a result")
        return answer.verification

    def plan_rollback(self, _: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Return what a rollback would do; None if there is nothing to plan."""
        receipt = to if isinstance(to, Receipt) else None
        making = self._making(receipt=receipt, baseline=to if isinstance(to, Baseline) else None)
        return self._made(self._asked("plan", making=making), making)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Return what was changed since the receipt."""
        return self._asked("drift", receipt=receipt).plan or _nothing(receipt.target)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return what differs after a successful apply although nobody changed it."""
        return self._asked("settle", receipt=receipt).changes

    def adopt(self) -> Baseline | None:
        """Return what already exists of a unit, as its last planning job saw it if there was one."""
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
        """Withdraw the unit's last apply; False if it started, or there was none.

        A run whose store did not respond does not know whether its job still waits for a worker.
        """
        job = self._jobs.applies.get(self._workspace.target.unit)
        return job is not None and self._jobs.waiting.withdraw(job)

    def _refuse_at_work(self, plan: Plan) -> None:
        """Raise `Unanswered` if an earlier job may still apply something to the unit."""
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
