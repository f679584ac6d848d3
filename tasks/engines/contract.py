"""The promises of every engine, as tests that any engine can run: derive a class and give it a `subject`.

    class TestFiles(EngineContract):
        @pytest.fixture
        def subject(self, tmp_path: Path) -> Subject:
            return Subject(engine=ENGINE, files=..., found=...)

For tests only: it needs pytest, and nothing of the product imports it. A subject is one unit with one object. A
release has a colour, and its apply gives the object that colour. Every step uses a new instance of the engine, which
knows only the world and the receipts, as in a promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import StalePlan
from tasks.domain.outcome import Applied, Outcome, Progress
from tasks.domain.plan import Action, Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.residual import drift_beyond
from tasks.engines.base import Engine, UnitEngine, Variables, Workspace
from tasks.processes import Processes


@dataclass(frozen=True)
class Subject:
    """One unit of one engine.

    Attributes:
        engine: its registration.
        files: returns {path in the unit's folder: text} for the release in a colour.
        found: returns the object's actual colour; None if the object does not exist.
        inputs: the unit's inputs.
        reading, writing: variables for access to the world; `writing` defaults to `reading`.
        executable: the tool, if it is not on PATH under its own name.
        beside: the tool that this tool runs, if it runs one.
        environment: the unit's environment.
        tamper: changes the object by hand; None if that is not possible.
        differs: the attribute that differs after `tamper`.
        received: gets every receipt, if `found` needs one.
        adopts: whether the engine can see that the object of another release existed before. If it cannot, a
            rollback must not remove the object.
        clean: removes the object, whatever its state.
    """

    engine: Engine
    files: Callable[[str], Mapping[str, str]]
    found: Callable[[], str | None]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    reading: Variables = dict
    writing: Variables | None = None
    executable: str = ""
    beside: str = ""
    environment: Environment = field(default_factory=lambda: Environment("dev", "", "", None))
    tamper: Callable[[], object] | None = None
    differs: str = "data"
    received: Callable[[Receipt], object] = lambda _: None
    adopts: bool = True
    clean: Callable[[], object] = lambda: None


class Story:
    """One unit in one environment, release after release."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self._folder = folder
        self.receipt: Receipt | None = None
        self.baseline: Baseline | None = None

    def workspace(self, colour: str) -> Workspace:
        """Return the workspace for the release in a colour, with its files written."""
        subject, infrastructure = self.subject, self._folder / colour
        for path, text in subject.files(colour).items():
            file = infrastructure / "paint" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Workspace(
            target=Target(colour, subject.environment.name, "paint"),
            infrastructure=infrastructure,
            unit=Unit("paint", subject.engine.name, "paint", ("dev",), inputs=subject.inputs, time_limit=120.0),
            environment=subject.environment,
            unit_digest=f"digest of {colour}",
            reading=subject.reading,
            writing=subject.writing or subject.reading,
            processes=Processes(),
            platform="flowmart",
            executable=subject.executable or subject.engine.executable,
            beside=subject.beside,
            receipt=self.receipt,
            baseline=self.baseline,
        )

    def engine(self, colour: str) -> UnitEngine:
        """Return the engine for the release in a colour."""
        return self.subject.engine.make(self.workspace(colour))

    def plan(self, colour: str) -> Plan:
        """Plan the release in a colour."""
        return self.engine(colour).plan(Inputs(self.subject.inputs))

    def rollback(self, colour: str, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the rollback from the release in a colour to what existed before."""
        release = to.target.release if isinstance(to, Receipt) else colour
        return self.engine(release).plan_rollback(self.workspace(colour), to)

    def apply(self, plan: Plan) -> Applied:
        """Apply a plan and check that it succeeds."""
        applied = self.engine(plan.target.release).apply(plan)
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        return applied

    def promote(self, colour: str) -> Receipt:
        """Plan and apply the release in a colour, and return its receipt."""
        return self.received(plan := self.plan(colour), self.apply(plan))

    def received(self, plan: Plan, applied: Applied) -> Receipt:
        """Make the receipt of an apply the unit's present one, and return it."""
        digests = (plan.unit_digest, plan.inputs_digest, plan.digest)
        self.receipt = Receipt(
            "dev/1", plan.target, *digests, applied.outputs, "2026-01-01T00:00:00+00:00", applied.details
        )
        self.subject.received(self.receipt)
        return self.receipt

    def adopt(self, colour: str) -> Baseline | None:
        """Forget every receipt, as in a ledger that does not know the unit, and return what already exists."""
        self.receipt = None
        self.baseline = self.engine(colour).adopt()
        return self.baseline


class EngineContract:
    """Derive from this class and define the fixture `subject`."""

    @pytest.fixture
    def story(self, subject: Subject, tmp_path: Path) -> Iterator[Story]:
        """Yield the subject before its first release, and clean up afterwards."""
        yield Story(subject, tmp_path / "releases")
        subject.clean()

    def test_a_validation_changes_nothing(self, story: Story) -> None:
        story.engine("blue").validate()
        assert story.subject.found() is None

    def test_what_does_not_exist_is_not_adopted(self, story: Story) -> None:
        assert story.adopt("blue") is None

    def test_a_plan_changes_nothing_and_an_apply_does_what_was_planned(self, story: Story) -> None:
        plan = story.plan("blue")
        assert [change.action for change in plan.changes] == [Action.CREATE]
        assert story.subject.found() is None
        story.received(plan, story.apply(plan))
        assert story.subject.found() == "blue"

    def test_after_an_apply_a_new_plan_is_empty_and_the_tool_agrees(self, story: Story) -> None:
        story.promote("blue")
        assert story.plan("blue").empty
        assert story.engine("blue").verify().outcome is Outcome.SUCCEEDED

    def test_another_release_is_an_update(self, story: Story) -> None:
        story.promote("blue")
        plan = story.plan("green")
        assert [change.action for change in plan.changes] == [Action.UPDATE]
        story.received(plan, story.apply(plan))
        assert story.subject.found() == "green"

    def test_a_plan_is_not_applied_twice(self, story: Story) -> None:
        plan = story.plan("blue")
        story.received(plan, story.apply(plan))
        with pytest.raises(StalePlan):
            story.engine("blue").apply(plan)

    def test_a_rollback_leads_to_the_earlier_release(self, story: Story) -> None:
        blue = story.promote("blue")
        forward = story.plan("green")
        story.received(forward, story.apply(forward))
        plan = story.rollback("green", blue)
        assert plan is not None
        assert not plan.removed_beyond(forward.created)
        story.received(plan, story.apply(plan))
        assert story.subject.found() == "blue"
        assert story.engine("blue").verify().outcome is Outcome.SUCCEEDED

    def test_without_an_earlier_release_a_rollback_removes_what_was_created(self, story: Story) -> None:
        forward = story.plan("blue")
        story.received(forward, story.apply(forward))
        plan = story.rollback("blue", None)
        assert plan is not None
        assert [change.action for change in plan.changes] == [Action.DELETE]
        assert not plan.removed_beyond(forward.created)
        story.apply(plan)
        assert story.subject.found() is None

    def test_what_existed_before_survives_the_rollback_of_a_first_promotion(self, story: Story) -> None:
        before = story.promote("red")
        baseline = story.adopt("blue")
        assert (baseline is not None) is story.subject.adopts
        forward = story.plan("blue")
        story.received(forward, story.apply(forward))
        plan = story.rollback("blue", baseline)
        # The core rejects a rollback that removes objects which the release did not create.
        if plan is not None and not plan.removed_beyond(forward.created):
            story.apply(plan)
            story.subject.received(before)
            assert story.subject.found() == "red"
        assert plan is None or baseline is None or not plan.removed_beyond(forward.created)
        assert story.subject.found() is not None

    def test_an_apply_that_was_done_is_observed_as_done(self, story: Story) -> None:
        plan = story.plan("blue")
        outputs = story.apply(plan).outputs
        observation = story.engine("blue").observe(plan)
        assert (observation.progress, observation.outputs) == (Progress.DONE, outputs)

    def test_an_apply_that_changed_nothing_is_observed_as_unchanged(self, story: Story) -> None:
        assert story.engine("blue").observe(story.plan("blue")).progress is Progress.UNCHANGED

    def test_nothing_drifts_right_after_an_apply_that_has_settled(self, story: Story) -> None:
        blue = story.promote("blue")
        residual = story.engine("blue").settle(blue)
        assert drift_beyond(residual, story.engine("blue").detect_drift(blue).changes) == ()
        assert story.engine("blue").plan(Inputs(story.subject.inputs)).empty

    def test_drift_is_what_somebody_changed(self, story: Story) -> None:
        blue = story.promote("blue")
        if story.subject.tamper:
            story.subject.tamper()
        found = [change.attributes for change in story.engine("blue").detect_drift(blue).changes]
        assert found == ([(story.subject.differs,)] if story.subject.tamper else [])
