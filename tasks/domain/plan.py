"""Defines a plan as data without effects: its changes, the tool's own artifact and how reversible it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tasks.domain.release import Baseline, Target
from tasks.domain.values import digest_of


class Action(StrEnum):
    """The effect of a plan on one object, or for `move`, `import` and `forget` on the tool's record of it.

    `invoke` runs something that is not an object. `other` is an action of the tool that this version does not know;
    it needs care.
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
"""Actions that change an object itself."""

SINCE_IMPORT = "differs from the code since it was imported"
"""The note of a drifted object that nobody has changed: it already differed when it was imported."""

_REVERSED = {
    Action.CREATE: Action.DELETE,
    Action.DELETE: Action.CREATE,
    Action.IMPORT: Action.FORGET,
    Action.FORGET: Action.IMPORT,
}


class Reversibility(StrEnum):
    """Whether applying the earlier release can undo a plan."""

    REVERSIBLE = "reversible"
    NEEDS_CARE = "needs care"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True)
class Change:
    """A planned change of one object. `before` and `after` contain `MASK` and `UNKNOWN`, never a secret.

    `kind` is the tool's own type ("aws_vpc"). `because` names the attributes that force a replacement. `note`
    describes anything else that happens to the object ("moved from aws_vpc.old", "imports vpc-1"). `thing` names the
    object if `address` does not identify it: the address of a playbook's change is a task, and one task may create a
    file that another one removes.
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
        """Return all names of the object in plans."""
        return frozenset(filter(None, (self.address, self.thing)))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Return the top-level attributes that differ, sorted."""
        before, after = self.before or {}, self.after or {}
        return tuple(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))

    @property
    def reversed(self) -> Change:
        """Return the opposite change: a deletion becomes a creation, and `before` and `after` are swapped."""
        action = _REVERSED.get(self.action, self.action)
        return replace(self, action=action, before=self.after, after=self.before)


@dataclass(frozen=True)
class StateChange:
    """A change of the tool's record and not of an object: a move, an import or a forgotten object.

    `previous` is the address before a move. `identity` is the id of the imported or forgotten object; it is empty if
    the tool does not report it.
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
    """The changes that applying a target would make.

    `basis` is the state that the plan was computed from (terraform: lineage/serial). `unknown` names what could not
    be planned, rehearsed or read. `baseline` is what already exists of a unit that we never applied: applying the
    plan adopts it.

    `output_changes` are the outputs that it changes, as far as the tool reports them.

    `secrets` is a keyed hash over the sensitive values that the plan would set; it is empty if there are none. With a
    different secret, it is a different plan.

    `state_changes` are changes of the tool's record. A rollback undoes them too.

    `outputs` are the outputs after the apply if they are already known, so that units downstream can be planned with
    them. None means that they are known only after the apply, or do not change.
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
        """Tell whether applying it would change nothing at all. A plan with `unknown` parts is not empty."""
        return not self.changes and not self.changes_outputs and not self.unknown

    @property
    def created(self) -> frozenset[str]:
        """Return the names of the objects that applying it creates.

        A rollback may remove these objects again, and no others.
        """
        made = (change for change in self.changes if change.action in (Action.CREATE, Action.REPLACE))
        return frozenset(name for change in made for name in change.names)

    @property
    def removed(self) -> frozenset[str]:
        """Return the addresses of the objects that applying it deletes or replaces."""
        return frozenset(
            change.address for change in self.changes if change.action in (Action.DELETE, Action.REPLACE)
        )

    def removed_beyond(self, created: Collection[str]) -> tuple[str, ...]:
        """Return the objects that applying it deletes or replaces and that are not in `created`, sorted.

        An object that the plan moves also matches by its address before the move.

        Args:
            created: the names of the objects that were created.
        """
        moved = {each.address: each.previous for each in self.state_changes if each.action is Action.MOVE}
        removed = [change for change in self.changes if change.action in (Action.DELETE, Action.REPLACE)]
        others = [each for each in removed if not {*each.names, moved.get(each.address, "")} & {*created}]
        return tuple(sorted(each.thing or each.address for each in others))

    @property
    def risks(self) -> frozenset[str]:
        """Return what applying it takes away or may take away: deleted, replaced and forgotten objects, and unknowns.

        Adopted objects are included too, because they were never compared with anything before.
        """
        changed = [(each.action, each.address) for each in self.changes]
        changed += [(each.action, each.address) for each in self.state_changes]
        forgotten = {address for action, address in changed if action in (Action.FORGET, Action.OTHER)}
        adopted = {self.baseline.description} if self.baseline else set()
        return self.removed | forgotten | adopted | {*self.unknown}

    @property
    def imports(self) -> tuple[StateChange, ...]:
        """The existing objects that the tool begins to manage."""
        return tuple(each for each in self.state_changes if each.action is Action.IMPORT)

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of changes for each action; actions that do not occur are 0."""
        return {action.value: sum(c.action is action for c in self.changes) for action in Action}

    @property
    def digest(self) -> str:
        """Return a digest of the plan's meaning (its changes and their sources), not of the tool's bytes."""
        changes = [[c.address, c.kind, c.action, c.before, c.after, *filter(None, [c.note])] for c in self.changes]
        what = [str(self.target), self.unit_digest, self.inputs_digest, changes]
        outputs = [[c.address, c.action, c.before, c.after] for c in self.output_changes]
        named = {"unknown": sorted(self.unknown), "secrets": self.secrets, "outputs": outputs}
        more = {name: value for name, value in named.items() if value}
        return digest_of([*what, more] if more else what)
