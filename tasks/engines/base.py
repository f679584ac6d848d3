"""The engine API: how a tool is registered, what it does for one unit, and the workspace that it gets.

An engine builds commands and parses the tool's output; `Workspace.processes` runs them. Each instance serves one unit
of one release in one environment. Its workspace holds everything it needs: the release's files in a temporary
checkout, the unit as declared for that environment, credentials for reading and for writing, and earlier applies.
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
"""Returns environment variables with short-lived credentials. A function, because they are renewed during a run."""


Kinds = Mapping[str, str]
"""Name of an input or an output -> one of "string", "number", "bool", "list", "map", "any"."""


@dataclass(frozen=True)
class Interface:
    """The inputs and outputs of a unit, as its source declares them. Nothing is run to read it.

    Attributes:
        accepts: the inputs by name; None if the unit accepts any name.
        required: the inputs without which the unit cannot be planned.
        gives: the outputs by name; None if they are known only after an apply.
    """

    accepts: Kinds | None = None
    required: frozenset[str] = frozenset()
    gives: Kinds | None = None


class Options(BaseModel):
    """The settings of a unit for its engine: the block under the engine's name in platform.yaml.

    An engine with options derives its model from this class and describes every field. Strings may contain the same
    placeholders as a unit's inputs, except outputs of other units.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Chosen = TypeVar("Chosen", bound=Options)


@dataclass(frozen=True)
class Workspace:
    """Everything that an engine gets for one target.

    Attributes:
        target: the release, environment and unit that the workspace is for.
        infrastructure: the folder in the release's checkout that sources are relative to: infrastructure/, or its
            parent if platform.yaml has `paths`.
        unit: as declared for the environment; `{unit.output}` is filled in where the output is known.
        environment: the environment, with the unit's own account, region and roles where it has some.
        unit_digest: the digest of the files that the unit reads.
        reading: credentials of the role that only reads.
        writing: credentials of the role that writes.
        processes: runs the tool's commands.
        platform: the platform's name; tags and labels carry it.
        executable: the tool, as a path or a name on PATH; empty for engines that run none.
        beside: the second tool, if the engine's tool runs another engine's (terragrunt runs terraform); else empty.
        receipt: what is applied now, from any release; None if nothing is.
        baseline: what existed before our first apply; None if nothing did, or if it is not known yet.
        residual: differences that the tool reported right after the last good apply, before anybody changed anything.
        state_changes: what the applies of this claim changed in the tool's state. A rollback undoes it.
        unfinished: the last apply failed or was interrupted, and no rollback has completed since.
        secret_key: returns the key for the store's hashes of secrets. It is called only if there are secrets.
        reconciling: this run repairs drift, so it takes back fields that somebody else took over.
        readers: credentials to read the platform's other accounts, by account. For what environments share (images).
        elsewhere: returns the unit's receipts in other environments that a rollback may still need.
        environments: the platform's environments, each with those that it comes after.
        neighbours: returns the environment's other units, as this release declares them: an object has one owner.
        together: returns the other units that are planned at the same time in the same checkout and with the same
            roles, as far as that is known. An engine may prepare them in one step.
        claimed: when the environment's claim was opened, if this process holds the claim; else None.
        ended: earlier holders of the claim that an operator declared to be over.
        prometheus: returns a client of the environment's Prometheus, for validators; None if there is none.
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
        """The unit's inputs without the outputs of other units: enough to verify, detect drift and roll back."""
        return Inputs(values=self.unit.inputs)

    def options(self, model: type[Chosen]) -> Chosen:
        """Parse the unit's options for its engine, with defaults for those that it does not set."""
        return model.model_validate(self.unit.options)

    @property
    def folder(self) -> Path:
        """The unit's own source folder."""
        return self.infrastructure / self.unit.source


class UnitEngine(Protocol):
    """One tool, for one unit.

    Every method that reads raises `Unanswered` if the tool or its API does not respond, which is worth a retry, and
    `Refused` if the answer is no.
    """

    def validate(self) -> None:
        """Check a unit that cannot be planned yet, because it needs outputs that do not exist.

        Raises:
            Refused: the tool rejects the unit.
            InvalidInput: a file or an input is wrong.
        """

    def plan(self, inputs: Inputs) -> Plan:
        """Plan the unit. Changes nothing.

        Args:
            inputs: the unit's inputs, outputs of other units included.

        Returns:
            What an apply would do, what cannot be known before, and the tool's own artifact.
        """

    def apply(self, plan: Plan) -> Applied:
        """Apply exactly what was planned.

        Returns:
            The outcome. It is `unanswered`, never `failed`, if the tool or its API did not respond.

        Raises:
            StalePlan: the world is not as it was when the plan was made. Nothing was changed.
        """

    def observe(self, plan: Plan) -> Observation:
        """Find out how far an unanswered apply of `plan` got. Changes nothing."""

    def verify(self) -> Verification:
        """Check that everything is as the unit declares it."""

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the way back from a failed release to the release of this workspace.

        Args:
            failed: the workspace of the failed release.
            to: the receipt of this workspace's release; a baseline, to return to what existed before the first
                apply; or None, if the unit did not exist before and is to be removed.

        Returns:
            The plan; None if the tool cannot return to the baseline and the unit is left as it is.
        """

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Compare what is there with what was applied.

        Returns:
            A plan whose changes are what somebody changed since the receipt.
        """

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Read what is there after a good apply and its checks.

        Returns:
            The differences that the tool reports although nobody changed anything. They are not drift later.
        """

    def adopt(self) -> Baseline | None:
        """Read what already exists of a unit that was never applied by us; None if nothing does."""


@dataclass(frozen=True)
class Finding:
    """One problem that a validator reports for a unit.

    Attributes:
        rule: the validator's id of the rule; a unit can ignore it by this id.
        message: what is wrong.
        file: the file, relative to infrastructure/; empty if the validator does not say.
        line: the line in the file; 0 if the validator does not say.
        error: True if the validator calls it an error, False if a warning.
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
        find: returns the problems of a workspace's unit. It may read only the release's files and options: it runs
            once in a run, however often the unit is planned.
        executable: the program's name, on PATH or beside our interpreter; empty if the engine's own tool runs it.
        level: the level for units that do not set one.
    """

    find: Callable[[Workspace], Iterable[Finding]]
    executable: str = ""
    level: Level = Level.DENY


@dataclass(frozen=True)
class Fetching:
    """What an engine needs to fetch external content into a release.

    Attributes:
        executable: the engine's tool.
        processes: runs its commands.
        charts: the chart repository or registry to use in place of those that charts name; empty to use those.
    """

    executable: str
    processes: Processes
    charts: str = ""


@dataclass(frozen=True)
class Engine:
    """The registration of one tool. Settings, the schema of platform.yaml and the documentation derive from it.

    `source` below is a unit's source folder; `unit` is the unit as declared for one environment; `root` is the
    folder that sources are relative to (`Workspace.infrastructure`).

    Attributes:
        name: the value of `engine:` in platform.yaml.
        make: creates the engine for one workspace.
        reads: (root, source) -> the files that a unit reads, as paths below `root`.
        unit_reads: (root, unit) -> further files that the unit's options name.
        shares_source: whether several units of an environment may have the same source. Each works in a copy.
        interface: (root, source) -> the unit's inputs and outputs.
        unit_interface: (root, unit) -> the same, if it depends on the unit's options.
        options: the model of the unit's block of options.
        executable: the tool's name on PATH; empty if the engine runs none.
        validators: the tool's validators, by the name under which a unit sets their level.
        setting: the setting for another executable (terraform: FLOWMART_TERRAFORM); by default the engine's name.
        faults: (root, unit) -> problems of the unit that are visible without running the tool.
        supplied: (root, unit) -> the inputs that the unit's own files set.
        place: (root, unit) -> where the tool keeps the unit's state, which no other unit may share; empty if that is
            not known.
        runs: the name of the engine whose tool this tool runs; empty if it runs none.
        vendor: (root, unit, fetching) fetches the unit's external content into the checkout of a new release.
        pulls: (root, unit) -> the charts that `vendor` would pull. Releases leave units with such charts out if
            FLOWMART_CHARTS is `none`.
        needs_aws: (root, source) -> whether planning needs AWS credentials.
        usual_seconds: about how long an apply takes, to order units of which the ledger has none.
        on_search_server: whether units live on the environment's Elasticsearch or OpenSearch. They are left out if
            FLOWMART_OPENSEARCH is `none`.
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
    usual_seconds: float = 5.0
    on_search_server: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "setting", self.setting or self.name.replace("-", "_"))

    def interface_of(self, infrastructure: Path, unit: Unit) -> Interface:
        """Read a unit's inputs and outputs from its source.

        Raises:
            InvalidInput: the source cannot be read.
        """
        if self.unit_interface:
            return self.unit_interface(infrastructure, unit)
        return self.interface(infrastructure, unit.source)

    @property
    def variable(self) -> str:
        """The environment variable that names another executable."""
        return f"FLOWMART_{self.setting.upper()}"
