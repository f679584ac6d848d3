"""All that an engine and the checks read of a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.checks import running
from tasks.checks.running import Surroundings
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Check
from tasks.domain.release import Receipt
from tests.peers.tools import tool
from tests.servers.clusters import SandboxCluster


def applied(plan: Plan, engine: Any) -> Receipt:
    """The receipt of an apply that succeeds."""
    outcome = engine.apply(plan)
    assert outcome.outcome is Outcome.SUCCEEDED, outcome.detail
    return Receipt("1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, outcome.outputs, "")


def looked(engine: Any, plan: Plan, receipt: Receipt) -> None:
    """Let an engine read all that it reads."""
    engine.adopt()
    assert engine.verify().outcome is Outcome.SUCCEEDED
    assert engine.detect_drift(receipt).changes == ()
    engine.settle(receipt)
    engine.observe(plan)


def checked(
    cluster: SandboxCluster, kind: str, namespace: str = "flowmart", helm: str = "helm", **options: Any
) -> None:
    """Let a smoke check pass."""
    around = Surroundings(
        client=lambda _: None,
        outputs={},
        folder=Path(),
        variables=cluster.variables("plan"),
        writing=lambda: cluster.variables("apply"),
        helm=lambda: tool(helm),
    )
    options = {"namespace": namespace, **options}
    result = running.run(Check("it", kind, options, within=60, every=0.5), around)
    assert result.outcome is Outcome.SUCCEEDED, result
