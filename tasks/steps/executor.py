"""Run the verbs of a promotion as Prefect tasks: each is a task run, and their order gives the run graph's edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import State
from prefect.client.orchestration import get_client
from prefect.futures import PrefectFuture
from prefect.states import Cancelled

from tasks.promotion.executor import KnownStep, Step, Verb
from tasks.steps.publishing import best_effort
from tasks.steps.verbs import TASKS


class PrefectStep:
    """A verb that was submitted as a Prefect task run."""

    def __init__(self, future: PrefectFuture[Any]) -> None:
        self.future = future

    def result(self) -> Any:
        """Wait for the verb, and return its result or raise its error."""
        return self.future.result()

    def error(self) -> Exception | None:
        """Wait for the verb, and return its error; None if it succeeded or never started."""
        self.future.wait()
        state = self.future.state
        if not (state.is_failed() or state.is_crashed()):
            return None
        raised = state.result(raise_on_failure=False)
        return raised if isinstance(raised, Exception) else RuntimeError(str(state))

    @property
    def began(self) -> bool:
        """Whether the verb started. Blocks until that is known."""
        self.future.wait()
        return not self.future.state.is_pending()


class PrefectExecutor:
    """Submits verbs to the task runner of the current flow run."""

    def __init__(self) -> None:
        self._submitted: list[PrefectStep] = []

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> PrefectStep:
        """Start a verb when the steps it waits for have succeeded; see `Executor.submit`."""
        waited = [step.future for step in after if isinstance(step, PrefectStep)]
        found = TASKS[verb].submit(run, unit, *map(_awaited, arguments), wait_for=waited, return_state=False)
        step = PrefectStep(found)
        self._submitted.append(step)
        return step

    def cancel_what_never_began(self) -> None:
        """Show the task runs after a failed one as cancelled: Prefect leaves them pending forever.

        Task runs are reported in batches. One that the server does not know yet stays as it is.
        """
        ended: State[Any] = Cancelled(message="not begun, because something that it waits for failed")
        pending = [step.future.task_run_id for step in self._submitted if step.future.state.is_pending()]
        self._submitted.clear()
        if not pending:
            return
        with best_effort("steps that never began"), get_client(sync_client=True) as client:
            for task_run in pending:
                client.set_task_run_state(task_run, ended, force=True)


def _awaited(argument: object) -> object:
    """Return a step as `Awaited`: for a future that is an argument itself, Prefect asks its server for the state."""
    if isinstance(argument, PrefectStep | KnownStep):
        return (_future(argument),)
    if isinstance(argument, dict):
        return {key: _future(value) for key, value in argument.items()}
    return argument


def _future(step: object) -> object:
    """Return the step's future, which Prefect replaces by its result."""
    if isinstance(step, KnownStep):
        return step.result()
    return step.future if isinstance(step, PrefectStep) else step
