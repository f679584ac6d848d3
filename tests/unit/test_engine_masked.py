"""What an engine answers, with the secrets that its tool was given in every place where a text may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.credentials import Source
from tasks.domain.errors import FlowmartError, Refused, StalePlan, Throttled, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Artifact, Change, Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.values import MASK
from tasks.engines.base import Workspace
from tasks.engines.masked import Masked, masked
from tasks.processes import Processes

READER, WRITER = 'c4nary-reader\n"quoted"', "c4nary-writer"
TARGET = Target("a", "dev", "c4nary-reader")
CHANGE = Change(
    "aws_ami/x", "aws_ami", Action.UPDATE, {"a": [f"x {WRITER}"], "n": 1}, {"a": ({READER: True},)}, (WRITER,), WRITER
)
PLAN = Plan(
    TARGET,
    "packer",
    (CHANGE,),
    "c4nary-writer",
    "digest",
    artifact=Artifact(Path("c4nary-writer"), WRITER),
    text=f"would build {WRITER}",
    outputs={"id": WRITER},
    warnings=(f"beware of {WRITER}",),
    unknown=(WRITER,),
    baseline=Baseline(WRITER, {"x": WRITER}),
)
RECEIPT = Receipt("1", TARGET, "u", "i", "p", {}, "")


class Talkative:
    """An engine that puts secrets everywhere."""

    def __init__(self, error: FlowmartError | None = None) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(*_: object) -> object:
            if self.error:
                raise self.error
            return ANSWERS[name]

        return answer


ANSWERS: dict[str, Any] = {
    "validate": None,
    "plan": PLAN,
    "plan_rollback": PLAN,
    "detect_drift": PLAN,
    "apply": Applied(Outcome.FAILED, {"id": WRITER}, f"said {READER}", {"more": [WRITER]}),
    "observe": Observation(Progress.PARTIAL, {"id": WRITER}, WRITER, {"more": WRITER}),
    "verify": Verification(Outcome.FAILED, (CHANGE,), detail=WRITER),
    "settle": (CHANGE,),
    "adopt": Baseline(f"found {WRITER}", {"id": WRITER}),
}
GIVEN: dict[str, tuple[Any, ...]] = {
    "plan": (Inputs(),),
    "apply": (PLAN,),
    "observe": (PLAN,),
    "plan_rollback": (None, RECEIPT),
    "detect_drift": (RECEIPT,),
    "settle": (RECEIPT,),
}


def workspace(folder: Path, **credentials: dict[str, Source]) -> Workspace:
    environment = Environment("dev", credentials=credentials)
    return Workspace(
        target=TARGET,
        infrastructure=folder,
        unit=Unit("x", "packer", "x", ("dev",)),
        environment=environment,
        unit_digest="u",
        reading=lambda: {"READER": READER, "WRITER": WRITER, "REGION": "eu-west-1"},
        writing=lambda: {"READER": READER, "WRITER": WRITER},
        processes=Processes(),
        platform="shop",
    )


@pytest.fixture
def guarded(tmp_path: Path) -> Callable[[Talkative], Masked]:
    """Puts an engine into a workspace with secrets."""
    sources = {"READER": Source(file="x"), "WRITER": Source(file="y")}

    def put(engine: Talkative) -> Masked:
        found = masked(engine, workspace(tmp_path, plan=sources, apply=sources))
        assert isinstance(found, Masked)
        return found

    return put


@pytest.mark.parametrize("method", sorted(ANSWERS))
def test_no_answer_shows_a_secret(method: str, guarded: Callable[[Talkative], Masked]) -> None:
    answer = getattr(guarded(Talkative()), method)(*GIVEN.get(method, ()))
    if isinstance(answer, Plan):
        kept = replace(PLAN, text="", changes=(), outputs=None, warnings=(), unknown=(), baseline=None)
        assert replace(answer, text="", changes=(), outputs=None, warnings=(), unknown=(), baseline=None) == kept
        answer = replace(answer, target=None, artifact=None, unit_digest="")  # type: ignore[arg-type]
    assert "c4nary" not in repr(answer)
    assert method == "validate" or MASK in repr(answer)


@pytest.mark.parametrize("kind", [Refused, StalePlan, Throttled, Unanswered])
@pytest.mark.parametrize("method", sorted(ANSWERS))
def test_no_error_shows_a_secret_and_it_stays_the_error_that_it_is(
    method: str, kind: type[FlowmartError], guarded: Callable[[Talkative], Masked]
) -> None:
    engine = guarded(Talkative(kind(f"packer build: {WRITER} and {READER!r}")))
    with pytest.raises(kind) as raised:
        getattr(engine, method)(*GIVEN.get(method, ()))
    assert type(raised.value) is kind
    assert str(raised.value) == f"packer build: {MASK} and '{MASK}'"


def test_an_engine_whose_tool_is_given_no_secrets_is_left_as_it_is(tmp_path: Path) -> None:
    engine = Talkative()
    assert masked(engine, workspace(tmp_path)) is engine  # type: ignore[comparison-overlap,arg-type]
