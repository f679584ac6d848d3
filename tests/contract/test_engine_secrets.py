"""Secrets that packer and CloudFormation are given: in nothing that their engines answer, also when they fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tasks.domain.credentials import Source
from tasks.domain.outcome import Outcome
from tasks.domain.release import Inputs
from tasks.domain.values import MASK
from tasks.engines.masked import masked
from tasks.engines.packer.engine import ENGINE
from tests.platforms.colours import Colours, template
from tests.platforms.images import SOURCE, Painted

pytestmark = pytest.mark.sandbox

WORD = "c4nary-word"
VARIABLE = 'variable "word" { default = "" }\n'


def test_a_variable_of_packer_is_in_no_error_of_a_build(operator: Sandbox, tmp_path: Path) -> None:
    images = Painted(operator, tmp_path, "secretive")
    target = images.release("blue", images.owner)
    file = images.workspace(target).folder / "image.pkr.hcl"
    # The tool names what it looked for in vain.
    file.write_text(VARIABLE + file.read_text().replace(f'"{SOURCE}"', "var.word"))
    sources = {"PKR_VAR_word": Source(file="elsewhere")}
    given = images.workspace(target)
    reading, writing = given.reading, given.writing
    workspace = replace(
        given,
        environment=replace(given.environment, credentials={"plan": sources, "apply": sources}),
        reading=lambda: {**reading(), "PKR_VAR_word": WORD},
        writing=lambda: {**writing(), "PKR_VAR_word": WORD},
    )
    bare, guarded = ENGINE.make(workspace), masked(ENGINE.make(workspace), workspace)
    plan = guarded.plan(Inputs(images.inputs))
    assert WORD not in repr(plan)
    assert WORD in bare.apply(plan).detail
    applied = guarded.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert WORD not in repr(applied)
    assert MASK in applied.detail


def test_a_parameter_without_echo_is_in_no_plan_and_no_error_of_a_stack(colours: Colours) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Secret"}}}
    target = colours.release("one", template(Orders=queue), Secret=WORD)
    plan = colours.plan(target)
    assert WORD not in repr(plan)
    applied = colours.applied(plan)
    assert applied.outcome is Outcome.FAILED
    assert MASK in applied.detail
    assert WORD not in repr(applied)
