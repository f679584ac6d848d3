"""Turn a survey into a plan: changes, what they reach, what cannot be removed, and warnings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tasks.domain import wording
from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Change, Reversibility
from tasks.engines.changes import SIGNS, listed
from tasks.engines.elasticsearch import effects
from tasks.engines.elasticsearch.addresses import STREAM, Address
from tasks.engines.elasticsearch.effects import Surroundings
from tasks.engines.elasticsearch.plans import Saved
from tasks.engines.elasticsearch.survey import Survey


@dataclass(frozen=True)
class Proposal:
    """One plan in the making.

    Attributes:
        found: the survey, with what differs and what to remove.
        now: other objects on the server.
        rollover: whether to roll data streams over at once.
        protected: whether the unit is protected.
        back: whether this is a rollback, which keeps objects that cannot be removed.
        remarks: warnings from earlier steps.
    """

    found: Survey
    now: Surroundings
    rollover: bool = False
    protected: bool = False
    back: bool = False
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a promotion that would remove objects in use, and any plan that the server would reject."""
        staying = [f"{each}: {why}" for each, why in self.staying.items()]
        if staying and not self.back:
            raise Refused(
                f"cannot be removed: {'; '.join(staying)}; keep it in the release, or remove its users first"
            )
        if refused := list(effects.conflicts(self.found.differing, self._after)):
            raise Refused("; ".join(refused))

    @cached_property
    def staying(self) -> Mapping[Address, str]:
        """{object that is in use: its users}, of the objects to remove; objects that these need stay too."""
        kept: dict[Address, str] = {}
        while True:
            going = [each for each in self.found.going if each not in kept]
            after = self.now.after(self.found.wanted, going)
            more = {
                each: why
                for each in going
                if (why := effects.in_use(each, self.found.live[each] or {}, self.now, after))
            }
            if not more:
                return kept
            kept |= more

    @property
    def changes(self) -> tuple[Change, ...]:
        """Objects that are written or removed, and data streams that are rolled over."""
        rolled = (
            Change(f"{STREAM}/{name}", STREAM, Action.INVOKE, note="rolled over") for name in sorted(self._rolled)
        )
        return (*(change for change in self.found.changes if change.address not in map(str, self.staying)), *rolled)

    @property
    def saved(self) -> Saved:
        """The steps that the apply needs."""
        found = self.found
        return Saved(
            wanted=dict(found.wanted),
            written=found.differing,
            gone=self._going,
            streams=dict(self._rolled),
            compared=tuple(sorted(found.live)),
            displacing=tuple(effects.displacing(found.differing, self.now, self._after)),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the changes do not show."""
        staying = (f"{each} stays: {why}" for each, why in self.staying.items())
        return (*self.remarks, *effects.precedence(self.found.differing, self._after), *staying, *self._later())

    @property
    def reversibility(self) -> Reversibility:
        """The reversibility: removed objects can be written again, but documents keep the form of their index."""
        if self._going and self.protected:
            return Reversibility.IRREVERSIBLE
        return Reversibility.NEEDS_CARE if self._rolled else Reversibility.REVERSIBLE

    @cached_property
    def _after(self) -> Surroundings:
        return self.now.after(self.found.wanted, self._going)

    @property
    def _going(self) -> tuple[Address, ...]:
        return tuple(each for each in self.found.going if each not in self.staying)

    @cached_property
    def _reached(self) -> Mapping[str, int]:
        found = self.found
        return effects.reached(found.differing, found.wanted, found.live, self.now, self._after)

    @property
    def _rolled(self) -> Mapping[str, int]:
        return self._reached if self.rollover else {}

    def _later(self) -> tuple[str, ...]:
        if not self._reached:
            return ()
        streams = ", ".join(sorted(self._reached))
        kept = "; documents that are there keep their form"
        if self.rollover:
            return (f"rolled over, so that new documents follow the template: {streams}{kept}",)
        return (f"takes effect at the next rollover of {streams}{kept}",)


def text(changes: Iterable[Change], warnings: Iterable[str] = ()) -> str:
    """Return a line for each change, with the fields that differ; warnings last."""
    return listed(changes, _told, warnings)


def _told(change: Change) -> list[str]:
    if change.action is Action.INVOKE:
        return [f"  {change.address}: {change.note}"]
    head = f"{SIGNS[change.action]} {change.address}"
    return (
        [head, *(f"    {line}" for line in wording.differences(change))] if change.action is Action.UPDATE else [head]
    )
