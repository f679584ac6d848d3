"""A world without tools: an engine over a dictionary, a clock that does not wait, releases declared in place.

Whole promotions take milliseconds here. What is fake is only what touches the outside; the promotion, the ledger, the
gate, the policies and the checks are the product's own.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.domain.errors import StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Verification
from tasks.domain.plan import Action, Change, Plan, StateChange
from tasks.domain.platform import Check, Environment, Platform, Roles, Unit
from tasks.domain.release import Baseline, Inputs, Provenance, Receipt, Release
from tasks.domain.rules import Suppression, Violation
from tasks.domain.values import digest_of
from tasks.engines.base import Engine, Finding, Interface, Validator, Workspace
from tasks.engines.observations import observed, verified
from tasks.promotion.checkouts import Checkout

Objects = dict[str, str]
Fault = Callable[["FakeEngine", Plan], Applied | None]


class FakeClock:
    """Goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 7, 12, tzinfo=UTC)
        self._lock = threading.Lock()
        self.slept = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self.slept += seconds


@dataclass
class World:
    """What is really there: {(environment, unit): {object: value}}, and what will go wrong.

    `faults` are used up one by one: {(unit, verb): what happens instead}. `keeps_versions`: the tool can return to
    what existed before. Values that begin with "~" differ with every plan; those that begin with "!" are changed by
    their server a moment after the apply. `renames` are what a forward plan of a unit does besides: {unit: {new name:
    old name}}; a rollback knows of them or it would remove what it finds under the new name.
    """

    objects: dict[tuple[str, str], Objects] = field(default_factory=lambda: defaultdict(dict))
    serials: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    faults: dict[tuple[str, str], list[Fault]] = field(default_factory=lambda: defaultdict(list))
    done: list[str] = field(default_factory=list)
    validated: list[str] = field(default_factory=list)
    keeps_versions: bool = False
    renames: dict[str, dict[str, str]] = field(default_factory=dict)
    without_outputs: set[str] = field(default_factory=set)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    """{unit: {address: identity of the existing object that its release imports}}."""

    def fail(self, unit: str, verb: str, *faults: Fault) -> None:
        self.faults[unit, verb] += faults

    def by_hand(self, environment: str, unit: str, **objects: str) -> None:
        """Somebody changes something behind our back."""
        self.objects[environment, unit].update(objects)


class FakeEngine:
    """Objects of a unit are what its input `objects` says; its outputs are these objects."""

    def __init__(self, world: World, workspace: Workspace) -> None:
        self.world = world
        self.workspace = workspace
        self.place = (workspace.environment.name, workspace.unit.name)

    @property
    def live(self) -> Objects:
        return self.world.objects[self.place]

    def wanted(self, inputs: Inputs | None = None) -> Objects:
        values = (inputs or self.workspace.inputs).values
        return {name: str(value) for name, value in values.get("objects", {}).items()}

    def validate(self) -> None:
        self._meet("validate", None)

    def plan(self, inputs: Inputs) -> Plan:
        self._meet("plan", None)
        plan = self._plan(self.wanted(inputs), inputs.digest)
        renames = self.world.renames.get(self.place[1], {}).items()
        moves = tuple(StateChange(Action.MOVE, *names) for names in renames)
        imports = self.world.imports.get(self.place[1], {}).items()
        taken = tuple(StateChange(Action.IMPORT, name, identity=identity) for name, identity in imports)
        return replace(plan, state_changes=(*moves, *taken))

    def apply(self, plan: Plan) -> Applied:
        if plan.basis != self._basis():
            raise StalePlan(f"{plan.target}: planned from {plan.basis}, it is {self._basis()} now")
        self.world.done.append(f"apply {self.place[0]}/{self.place[1]}")
        instead = self._meet("apply", plan)
        return instead or self.carry_out(plan)

    def carry_out(self, plan: Plan, most: int | None = None) -> Applied:
        for change in plan.changes[:most]:
            if change.action is Action.DELETE:
                self.live.pop(change.address, None)
            else:
                self.live[change.address] = str((change.after or {})["value"])
        self.world.serials[self.place] += 1
        return Applied(Outcome.SUCCEEDED, self._outputs())

    def observe(self, plan: Plan) -> Observation:
        self._meet("observe", plan)
        wanted = {c.address: str(c.after["value"]) for c in plan.changes if c.after}
        gone = {c.address for c in plan.changes if c.action is Action.DELETE}
        left = {name: value for name, value in self.live.items() if name not in gone}
        again = self._plan({**left, **wanted}, plan.inputs_digest)
        extra = [name for name in gone if name in self.live]
        if extra:
            again = replace(again, changes=(*again.changes, *(c for c in plan.changes if c.address in extra)))
        return observed(plan, again, self._outputs())

    def verify(self) -> Verification:
        self._meet("verify", None)
        return verified(self._plan(self.wanted(), ""))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        self._meet("plan_rollback", None)
        if isinstance(to, Baseline):
            return self._plan(dict(to.data["objects"]), "") if self.world.keeps_versions else None
        plan = self._plan(self.wanted() if to else {}, to.inputs_digest if to else "")
        undone = tuple(replace(each, address=each.previous, previous=each.address) for each in failed.state_changes)
        return replace(plan, state_changes=undone)

    def detect_drift(self, receipt: Receipt) -> Plan:
        self._meet("detect_drift", None)
        plan = self._plan(self.wanted(), receipt.inputs_digest)
        return replace(plan, changes=tuple(change.reversed for change in plan.changes))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        self._meet("settle", None)
        for name, value in self.live.items():
            if value.startswith("!"):
                self.live[name] = f"{value[1:]} as its server has it"
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        self._meet("adopt", None)
        return Baseline(f"{len(self.live)} objects", {"objects": dict(self.live)}) if self.live else None

    def _plan(self, wanted: Objects, inputs_digest: str) -> Plan:
        names = dict.fromkeys([*wanted, *self.live])
        changes = tuple(change for name in names if (change := self._change(name, wanted)))
        return Plan(self.workspace.target, "fake", changes, self.workspace.unit_digest, inputs_digest, self._basis())

    def _change(self, name: str, wanted: Objects) -> Change | None:
        before, after = self.live.get(name), wanted.get(name)
        if before == after and not (after or "").startswith("~"):
            return None
        action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
        values = ({"value": value} if value is not None else None for value in (before, after))
        return Change(name, "fake/object", action, *values)

    def _basis(self) -> str:
        return str(self.world.serials[self.place])

    def _outputs(self) -> Mapping[str, Any]:
        return {} if self.place[1] in self.world.without_outputs else dict(self.live)

    def _meet(self, verb: str, plan: Plan | None) -> Applied | None:
        waiting = self.world.faults[self.place[1], verb]
        return waiting.pop(0)(self, plan) if waiting else None  # type: ignore[arg-type]


def no_answer(_: FakeEngine, __: Plan) -> Applied | None:
    """The connection is lost before anything was changed."""
    raise Unanswered("connection reset by peer")


def lost_answer(engine: FakeEngine, plan: Plan) -> Applied:
    """Everything is done, and the answer is lost."""
    engine.carry_out(plan)
    return Applied(Outcome.UNANSWERED, detail="connection reset by peer")


def half_done(engine: FakeEngine, plan: Plan) -> Applied:
    """The first change is done, then the answer is lost."""
    engine.carry_out(plan, most=1)
    return Applied(Outcome.UNANSWERED, detail="connection reset by peer")


def rejected(engine: FakeEngine, plan: Plan) -> Applied:
    """The first change is done, the next is rejected."""
    engine.carry_out(plan, most=1)
    return Applied(Outcome.FAILED, detail="quota exceeded")


def killed(_: FakeEngine, __: Plan) -> Applied | None:
    """The process is killed here."""
    raise KeyboardInterrupt


class NoAccess:
    """There is nothing to reach."""

    def reading(self, environment: Environment) -> Mapping[str, str]:
        return {}

    def writing(self, environment: Environment) -> Mapping[str, str]:
        return {}

    def client(self, service: str, environment: Environment) -> Any:
        raise AssertionError(f"nobody asks {service} here")


def unit(
    name: str,
    *,
    needs: Sequence[str] = (),
    good: str = "",
    objects: Mapping[str, str] | None = None,
    environments: tuple[str, ...] = ("dev", "staging"),
) -> Unit:
    """A unit whose check wants its object `it` to match `good`."""
    check = Check("good", "output", {"name": "it", "matches": good}, within=1.0)
    inputs = {"objects": dict(objects or {"it": "blue"})}
    return Unit(name, "fake", name, environments, tuple(needs), inputs, (check,) if good else (), time_limit=60)


def environment(name: str, *after: str, **more: Any) -> Environment:
    """An environment without an account of its own."""
    return Environment(name, "222222222222", "eu-west-1", Roles("", ""), after=after, **more)


class FakePolicies:
    """Deny what a test wants denied: objects whose value is "forbidden"."""

    sources: Mapping[Path, str] = {Path("names.rego"): "forbidden"}

    def test(self, plan: Plan, *_: object) -> tuple[Violation, ...]:
        bad = [change for change in plan.changes if (change.after or {}).get("value") == "forbidden"]
        return tuple(Violation("names", "forbidden", change.address) for change in bad)


class FakeCheckout(Checkout):
    """A release that is declared in place: no files, no Rego."""

    policies = FakePolicies()  # type: ignore[assignment]
    overrides = ()  # type: ignore[assignment]

    def suppressions(self, today: date) -> Sequence[Suppression]:
        return ()


class FakeReleases:
    """Releases that are declared in place: {id: the platform}."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Checkout] = {}
        self.author = "Anna <anna@flowmart.example>"

    def add(self, release: str, units: Sequence[Unit], environments: Sequence[Environment]) -> str:
        platform = Platform("fake", tuple(environments), tuple(units))
        digests = {f"{e.name}/{u.name}": digest_of([u.inputs, u.needs]) for e in environments for u in units}
        made = Release(release, digest_of(release), digests)
        self._made[release] = FakeCheckout(made, self._folder, platform)
        return release

    def of(self, release: str) -> Checkout:
        return self._made[release]

    def provenance(self, release: str) -> Provenance:
        return Provenance(commit=release, author=self.author, subject=f"make it {release}")


def misspelled(world: World, workspace: Workspace) -> list[Finding]:
    """What the fake tool's own validator finds: objects whose value is "bleu"."""
    world.validated.append(workspace.unit.name)
    objects = workspace.unit.inputs.get("objects", {})
    return [Finding("SP1", f"{name} is misspelled") for name, value in objects.items() if value == "bleu"]


def engine_of(world: World) -> Engine:
    return Engine(
        "fake",
        lambda workspace: FakeEngine(world, workspace),
        lambda *_: (),
        lambda *_: Interface(),
        validators={"spelling": Validator(lambda workspace: misspelled(world, workspace))},
    )
