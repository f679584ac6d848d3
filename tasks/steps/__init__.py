"""The steps of the flows: the only package below flows/ that imports Prefect.

`verbs` are the Prefect tasks, one thin function a verb; what they do is in `tasks.promotion`, `tasks.claims` and
`tasks.drift`. `holding` keeps an environment for a run, `endings` says what the end of steps amounts to, `questions`
asks store and ledger, and `showing` is for the eye: nothing cosmetic decides about an environment.
"""

from tasks.steps.environments import abandoned, await_turn, claimed, held, opened, taken_over
from tasks.steps.outcomes import end_what_never_began, failures, failures_by_name, raise_mistakes, stop, told, waiting
from tasks.steps.publishing import run_address, tell
from tasks.steps.queries import (
    begun_last,
    current_release,
    earlier_release,
    environments,
    ledger,
    release,
    verified_release,
    waiting_for_approval,
)
from tasks.steps.verbs import (
    apply,
    conclude_rollback,
    confirm,
    detect_drift,
    fetch,
    freeze,
    gate,
    plan,
    report,
    report_drift,
    roll_back,
    smoke,
    test,
    verify,
)

__all__ = [
    "abandoned",
    "apply",
    "await_turn",
    "begun_last",
    "claimed",
    "conclude_rollback",
    "confirm",
    "current_release",
    "detect_drift",
    "earlier_release",
    "end_what_never_began",
    "environments",
    "failures",
    "failures_by_name",
    "fetch",
    "freeze",
    "gate",
    "held",
    "ledger",
    "opened",
    "plan",
    "raise_mistakes",
    "release",
    "report",
    "report_drift",
    "roll_back",
    "run_address",
    "smoke",
    "stop",
    "taken_over",
    "tell",
    "test",
    "told",
    "verified_release",
    "verify",
    "waiting",
    "waiting_for_approval",
]
