"""What every engine is: its registration, the protocol of one unit, and the workspace it works in.

An engine builds commands and parses what comes back; `Workspace.processes` runs them. It is made for one unit of one
release in one environment and is handed everything it needs: the release's files in a temporary checkout, the unit
as declared for that environment, credentials by purpose, and what is known of earlier applies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from tasks.domain.events.claims import EndedHolder
from tasks.domain.outcome import Applied, Observation, Verification
from tasks.domain.plan import Change, Plan, StateChange
from tasks.domain.platform import Environment, Level, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.processes import Processes

if TYPE_CHECKING:
    from tasks.monitoring.client import Prometheus

Variables = Callable[[], Mapping[str, str]]
"""Environment variables with short-lived credentials; a function, because they are renewed while we work."""


Kinds = Mapping[str, str]
"""Name of an input or an output -> one of "string", "number", "bool", "list", "map", "any"."""


@dataclass(frozen=True)
class Interface:
    """What a unit takes and gives, as far as its source tells without running anything.

    `accepts`: its inputs, None where any name may be given; `required`: those without which it cannot be planned;
    `gives`: its outputs, None where only an apply can tell.
    """

    accepts: Kinds | None = None
    required: frozenset[str] = frozenset()
    gives: Kinds | None = None


class Options(BaseModel):
    """What a unit may set of its engine, in a block under the engine's name in platform.yaml.

    An engine with options derives its model from this one, with a description for every field. Texts may hold the
    same placeholders as a unit's inputs, but no outputs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


Chosen = TypeVar("Chosen", bound=Options)


@dataclass(frozen=True)
class Workspace:
    """Where an engine works for one target.

    Attributes:
        target: the release, environment and unit that the workspace is for.
        infrastructure: the folder that sources are relative to in the release's checkout: infrastructure/, or with
            `paths` in platform.yaml what is around it.
        unit: as declared for the environment, with `{unit.output}` filled in where the outputs are known.
        platform: the platform's name, which marks what belongs to it.
        executable: the tool, a path or a name on PATH; empty for engines that need none.
        beside: the tool of the engine that the unit's engine runs, too (terragrunt runs terraform); else empty.
        receipt: what is applied now, of whatever release; None when nothing is.
        baseline: what existed before our first apply; None when nothing did, or when that is not known yet.
        residual: differences that the tool reported right after the last good apply, though nobody touched anything.
        state_changes: what this claim's applies changed in what the tool remembers: a rollback undoes it.
        unfinished: the last apply here did not come to its end, and no earlier release was put back to since.
        secret_key: the key of the store's hashes over secrets, asked for when there is one.
        reconciling: drift is to be repaired, so what somebody else has taken hold of meanwhile is taken back.
        readers: by account, variables to read other accounts of the platform with, for what environments share.
        elsewhere: the unit's receipts in other environments that could still be gone back to, for what environments
            share (images).
        environments: {each of the platform's environments: those that it comes after}.
        neighbours: the other units of the environment, as this release declares them: an object has one owner.
        together: the other units that are worked on at once with this one, in the same checkout and as the same
            roles, as far as that is known: an engine may make them ready together.
        claimed: since when the environment's claim is open, if this process holds it, whoever made it; else None.
        ended: earlier holders of the claim of whom a person said that they are over.
        prometheus: the environment's server of metrics, which validators may ask; None where none is.
    """

    target: Target
    infrastructure: Path
    unit: Unit
    environment: Environment
    unit_digest: str
    reading: Variables
    writing: Variables
    processes: Processes
    platform: str
    executable: str = ""
    receipt: Receipt | None = None
    baseline: Baseline | None = None
    residual: tuple[Change, ...] = ()
    state_changes: tuple[StateChange, ...] = ()
    unfinished: bool = False
    secret_key: Callable[[], bytes] = field(default=bytes)
    reconciling: bool = False
    readers: Mapping[str, Variables] = field(default_factory=dict)
    elsewhere: Callable[[], Sequence[Receipt]] = field(default=tuple)
    environments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    neighbours: Callable[[], Sequence[Unit]] = field(default=tuple)
    together: Callable[[], Sequence[Unit]] = field(default=tuple)
    claimed: datetime | None = None
    ended: tuple[EndedHolder, ...] = ()
    beside: str = ""
    prometheus: Callable[[], Prometheus] | None = None

    @property
    def inputs(self) -> Inputs:
        """The unit's inputs without what was upstream: enough to verify, to detect drift, to go back."""
        return Inputs(values=self.unit.inputs)

    def options(self, model: type[Chosen]) -> Chosen:
        """The unit's options for its engine, with defaults for what it does not set."""
        return model.model_validate(self.unit.options)

    @property
    def folder(self) -> Path:
        """The unit's own source folder."""
        return self.infrastructure / self.unit.source


class UnitEngine(Protocol):
    """One tool at work on one unit. Reading methods raise `Unanswered` (worth a retry) or `Refused` (not)."""

    def validate(self) -> None:
        """Find what is wrong with a unit that cannot be planned yet, before what it waits for is applied."""

    def plan(self, inputs: Inputs) -> Plan:
        """What applying the unit would do. Reads only."""

    def apply(self, plan: Plan) -> Applied:
        """Apply exactly what was planned. `StalePlan` when the world has moved on; nothing is changed then.

        Without an answer from the tool or its API the outcome is `unanswered`, never `failed`.
        """

    def observe(self, plan: Plan) -> Observation:
        """How far an unanswered apply of `plan` got. Reads only; `Unanswered` when that cannot be read either."""

    def verify(self) -> Verification:
        """Whether the tool finds the unit as declared."""

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """What going back would do, from the release in `failed` to the one in this workspace.

        `to` is the receipt of this workspace's release; or a baseline: return to that version, or None where the tool
        does not keep it and the unit is left as it is; or None: the unit did not exist before, so remove it.
        """

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What somebody changed since the receipt, as the changes of a plan."""

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """After a good apply and its checks, read what is there: differences that nobody made are no drift later."""

    def adopt(self) -> Baseline | None:
        """What exists already of a unit that was never applied by us. Reads only."""


@dataclass(frozen=True)
class Finding:
    """What a validator has against a unit.

    Attributes:
        rule: the validator's id of the rule, by which a unit can ignore it.
        message: what is wrong.
        file: where, relative to infrastructure/; empty where the validator does not say.
        line: its line; 0 where the validator does not say.
        error: whether the validator itself calls it an error, and no warning.
    """

    rule: str
    message: str
    file: str = ""
    line: int = 0
    error: bool = True


@dataclass(frozen=True)
class Validator:
    """One validator of a tool.

    Attributes:
        find: what it has against the unit of a workspace. It reads the release's files and options only, and is run
            once a run, however often the unit is planned.
        executable: its program's name, on PATH or beside our interpreter; empty when the engine's own tool runs it.
        level: what holds where the unit does not set one.
    """

    find: Callable[[Workspace], Iterable[Finding]]
    executable: str = ""
    level: Level = Level.DENY


@dataclass(frozen=True)
class Fetching:
    """What is taken from elsewhere into a release with: the engine's tool, what runs it, and the chart repository or
    registry that is asked instead of those that charts name; empty for none."""

    executable: str
    processes: Processes
    charts: str = ""


@dataclass(frozen=True)
class Engine:
    """The registration of one tool: all that the product knows about it derives from this.

    Attributes:
        name: what `engine:` in platform.yaml says.
        make: an engine for one workspace.
        reads: paths below infrastructure/ of the files that a unit reads, given that folder and the unit's source.
        unit_reads: the same of what the unit's options name; given infrastructure/ and the unit as it is declared in
            an environment.
        shares_source: whether several units of an environment may have one source; each works in a copy then.
        interface: what a unit takes and gives, given that folder and the unit's source.
        unit_interface: the same where it depends on the unit's options; given what `unit_reads` is.
        options: the model of the block that a unit may have under the engine's name.
        executable: the tool's name on PATH; empty when the engine needs none.
        validators: the tool's own validators, by the names under which a unit sets their levels.
        setting: the setting that names another executable (FLOWMART_TERRAFORM), lowercase; by default the name.
        faults: what is wrong with a unit in one environment, seen without running the tool; given infrastructure/ and
            the unit as it is declared there.
        supplied: names of inputs that files of the unit set, so that the unit need not; given the same.
        place: where the tool keeps what it remembers of a unit, which no other unit may share; empty if that is not
            known. Given the same.
        runs: the engine whose tool this one's tool runs; empty when it runs none.
        vendor: takes what a unit has from elsewhere into the checkout of a release that is being made; given what
            sources are relative to, the unit as it is declared in an environment, and what it is fetched with.
        pulls: the charts that a unit has from a repository or a registry and that are in no checkout; units with any
            are left out of releases where FLOWMART_CHARTS says so. Given the same without the last.
        needs_aws: whether a unit can be planned only with credentials for AWS, given the same as `reads`.
        on_search_server: whether units are on the environment's Elasticsearch or OpenSearch, and left out where
            FLOWMART_OPENSEARCH says that there is none.
    """

    name: str
    make: Callable[[Workspace], UnitEngine]
    reads: Callable[[Path, str], tuple[str, ...]]
    interface: Callable[[Path, str], Interface]
    options: type[Options] = Options
    executable: str = ""
    setting: str = ""
    validators: Mapping[str, Validator] = field(default_factory=dict, hash=False)
    needs_aws: Callable[[Path, str], bool] = lambda _, __: False
    faults: Callable[[Path, Unit], Iterable[str]] = lambda _, __: ()
    unit_reads: Callable[[Path, Unit], Collection[str]] = lambda _, __: ()
    unit_interface: Callable[[Path, Unit], Interface] | None = None
    shares_source: bool = False
    vendor: Callable[[Path, Unit, Fetching], None] = lambda _, __, ___: None
    pulls: Callable[[Path, Unit], Collection[str]] = lambda _, __: ()
    supplied: Callable[[Path, Unit], Collection[str]] = lambda _, __: ()
    place: Callable[[Path, Unit], str] = lambda _, __: ""
    runs: str = ""
    on_search_server: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "setting", self.setting or self.name.replace("-", "_"))

    def interface_of(self, infrastructure: Path, unit: Unit) -> Interface:
        """What a unit takes and gives, as far as its source tells; `InvalidInput` when that cannot be read."""
        if self.unit_interface:
            return self.unit_interface(infrastructure, unit)
        return self.interface(infrastructure, unit.source)

    @property
    def variable(self) -> str:
        """The environment variable that names another executable."""
        return f"FLOWMART_{self.setting.upper()}"
