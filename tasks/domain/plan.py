"""What applying a target would do: changes, the tool's own artifact, how reversible it is. Data, no effects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tasks.domain.release import Baseline, Target
from tasks.domain.values import digest_of


class Action(StrEnum):
    """What a plan would do to one object, or (`move`, `import`, `forget`) to what the tool remembers of it.

    `invoke`: run something that is not an object. `other`: what a tool says and nobody here knows; it needs care.
    """

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    MOVE = "move"
    IMPORT = "import"
    FORGET = "forget"
    INVOKE = "invoke"
    OTHER = "other"


OBJECT_ACTIONS = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
"""Those that change an object itself."""

SINCE_IMPORT = "differs from the code since it was imported"
"""The note of a drifted object that nobody has touched: it was imported as it was."""

_REVERSED = {
    Action.CREATE: Action.DELETE,
    Action.DELETE: Action.CREATE,
    Action.IMPORT: Action.FORGET,
    Action.FORGET: Action.IMPORT,
}


class Reversibility(StrEnum):
    """Whether applying a plan can be undone by applying the earlier release."""

    REVERSIBLE = "reversible"
    NEEDS_CARE = "needs care"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True)
class Change:
    """What a plan would do to one object. `before` and `after` hold `MASK` and `UNKNOWN`, never a secret.

    `kind` is the tool's own type ("aws_vpc"); `because` names the attributes that force a replacement. `note` is what
    else happens to it ("moved from aws_vpc.old", "imports vpc-1"). `thing` names the object where the address is not
    its own: that of a playbook's change is a task, and one task may make a file that another removes.
    """

    address: str
    kind: str
    action: Action
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    because: tuple[str, ...] = ()
    note: str = ""
    thing: str = ""

    @property
    def names(self) -> frozenset[str]:
        """All that the object is called in plans."""
        return frozenset(filter(None, (self.address, self.thing)))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The top-level attributes that differ, sorted."""
        before, after = self.before or {}, self.after or {}
        return tuple(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))

    @property
    def reversed(self) -> Change:
        """From what was done to what would put it right, and back: what was deleted would be created."""
        action = _REVERSED.get(self.action, self.action)
        return replace(self, action=action, before=self.after, after=self.before)


@dataclass(frozen=True)
class StateChange:
    """What a plan changes in what the tool remembers, and not in an object: a move, an import or a forgotten object.

    `previous` is the address before a move. `identity` is the id of what is imported or forgotten; empty if the tool
    does not say it.
    """

    action: Action
    address: str
    previous: str = ""
    identity: str = ""


@dataclass(frozen=True)
class Artifact:
    """The tool's own plan: a file that only its owner may read (0600), and the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Plan:
    """What applying a target would do. `basis`: the state it was computed from (terraform: lineage/serial).

    `unknown` names what could not be planned, rehearsed or read. `baseline` is what exists already of a unit that
    was never applied by us: applying the plan adopts it.

    `output_changes` are the outputs that it changes, as far as the tool says which.

    `secrets` is a keyed hash over the sensitive values that it would set, empty without any: another secret is
    another plan.

    `state_changes` is what it changes in what the tool remembers: a rollback undoes that too.

    `outputs` are those that applying it will give, where that is known already: then units below can be planned with
    them. None: they are only known afterwards, or stay as they are.
    """

    target: Target
    engine: str
    changes: tuple[Change, ...]
    unit_digest: str
    inputs_digest: str
    basis: str = ""
    artifact: Artifact | None = None
    text: str = ""
    reversibility: Reversibility = Reversibility.REVERSIBLE
    changes_outputs: bool = False
    outputs: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    baseline: Baseline | None = None
    secrets: str = ""
    state_changes: tuple[StateChange, ...] = ()
    output_changes: tuple[Change, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing at all. What is unknown is not unchanged."""
        return not self.changes and not self.changes_outputs and not self.unknown

    @property
    def created(self) -> frozenset[str]:
        """Names of the objects that applying it brings into being: all that a rollback may remove again."""
        made = (change for change in self.changes if change.action in (Action.CREATE, Action.REPLACE))
        return frozenset(name for change in made for name in change.names)

    @property
    def removed(self) -> frozenset[str]:
        """Addresses of the objects that applying it deletes or replaces."""
        return frozenset(
            change.address for change in self.changes if change.action in (Action.DELETE, Action.REPLACE)
        )

    def removed_beyond(self, created: Collection[str]) -> tuple[str, ...]:
        """What applying it deletes or replaces that is not among what was created, by names, sorted.

        An object that it moves counts by its address before the move, too.
        """
        moved = {each.address: each.previous for each in self.state_changes if each.action is Action.MOVE}
        removed = [change for change in self.changes if change.action in (Action.DELETE, Action.REPLACE)]
        others = [each for each in removed if not {*each.names, moved.get(each.address, "")} & {*created}]
        return tuple(sorted(each.thing or each.address for each in others))

    @property
    def risks(self) -> frozenset[str]:
        """What applying it takes or may take away: objects deleted, replaced or forgotten, and what is unknown.

        What it adopts counts too: nobody has compared that with anything before.
        """
        changed = [(each.action, each.address) for each in self.changes]
        changed += [(each.action, each.address) for each in self.state_changes]
        forgotten = {address for action, address in changed if action in (Action.FORGET, Action.OTHER)}
        adopted = {self.baseline.description} if self.baseline else set()
        return self.removed | forgotten | adopted | {*self.unknown}

    @property
    def counts(self) -> dict[str, int]:
        """Changes by action; actions that do not occur are 0."""
        return {action.value: sum(c.action is action for c in self.changes) for action in Action}

    @property
    def digest(self) -> str:
        """Over the meaning of the plan (what it changes, from which sources), not over the tool's bytes."""
        changes = [[c.address, c.kind, c.action, c.before, c.after, *filter(None, [c.note])] for c in self.changes]
        what = [str(self.target), self.unit_digest, self.inputs_digest, changes]
        outputs = [[c.address, c.action, c.before, c.after] for c in self.output_changes]
        named = {"unknown": sorted(self.unknown), "secrets": self.secrets, "outputs": outputs}
        more = {name: value for name, value in named.items() if value}
        return digest_of([*what, more] if more else what)
