"""The life of a resource, told once: plan, create, read, update, delete, tags and drift.

A class in `services/` declares its type and says only how the cloud is asked: which call makes the object, which
one reads it, which ones change it. Everything that all types have in common is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from deployments.sandbox.aws_provider import plan
from deployments.sandbox.aws_provider.aws import Place, code_of
from deployments.sandbox.aws_provider.declare import (
    COMPUTED,
    COMPUTED_REPLACES,
    NO_DEFAULT,
    PLAIN,
    Arg,
    Shape,
    shape_of,
)
from deployments.sandbox.aws_provider.observe import known, settle
from deployments.sandbox.aws_provider.schema import catalog
from deployments.sandbox.aws_provider.tags import Tags, all_tags, own_tags, without_system_tags
from deployments.sandbox.aws_provider.values import UNKNOWN, Values

COMMON: Mapping[str, Arg] = {"id": COMPUTED, "region": COMPUTED_REPLACES, "tags": PLAIN, "tags_all": COMPUTED}


class NotEmulated(Exception):
    """The configuration asks for something that the stand-in does not carry out."""


@dataclass(frozen=True)
class Planned:
    """What a resource will be, and the attributes because of which it has to be a new one."""

    values: Values
    replacing: list[str]


class Resource:
    """One resource type. Subclasses declare the class variables and override the calls at the end."""

    type: ClassVar[str]
    service: ClassVar[str]
    """The API's name, as boto3 has it."""
    label: ClassVar[str]
    """What the real provider calls it in error messages."""
    args: ClassVar[Mapping[str, Arg]] = {}
    reads: ClassVar[Mapping[str, str]] = {}
    """The types of read-only attributes that are not strings."""
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What is known only after apply when an argument changes: {argument: attributes}."""
    gone: ClassVar[tuple[str, ...]] = ()
    """Error codes that say: there is no such object."""

    @cached_property
    def shape(self) -> Shape:
        """The real provider's schema with what this class declares."""
        block = catalog().resources[self.type]
        common = {n: a for n, a in COMMON.items() if n in block.arguments}
        timeouts = {"timeouts.*": PLAIN} if "timeouts" in block.blocks else {}
        return shape_of(block, {**common, **timeouts, **self.args}, self.reads)

    @property
    def tagged(self) -> bool:
        """Whether the type has tags."""
        return "tags_all" in self.shape.fields

    # --- the life ----------------------------------------------------------------------------------------

    def plan(
        self, place: Place, default_tags: Tags, prior: Values | None, proposed: Values, config: Values
    ) -> Planned:
        """What the resource will be. `NotEmulated` when the configuration asks for more than the stand-in does."""
        for path in plan.not_carried_out(self.shape, config):
            raise NotEmulated(f"the sandbox does not emulate {self.type}.{path}")
        planned = plan.fill(self.shape, config, proposed, prior)
        if "region" in self.shape.fields and planned["region"] is not None and config.get("region") is None:
            planned["region"] = place.region
        if self.tagged:
            planned["tags_all"] = all_tags(default_tags, planned["tags"])
        if not prior:
            return Planned(planned, [])
        self._follow(prior, planned, config)
        return Planned(planned, plan.replacing(self.shape, prior, planned))

    def _follow(self, prior: Values, planned: Values, config: Values) -> None:
        changed = plan.changed(self.shape, prior, planned)
        for name in sorted(changed & self.shape.fields.keys()):
            if self.shape.fields[name].arg.fixed:
                raise NotEmulated(f"the sandbox does not emulate changing {self.type}.{name}")
            for follower in self.follows.get(name, ()):
                if config.get(follower) is None:
                    planned[follower] = UNKNOWN
        if changed:
            self.adjust(prior, planned, changed)

    def refresh(self, place: Place, default_tags: Tags, state: Values) -> Values | None:
        """The state as the cloud has it now; None when the object is gone."""
        try:
            observed = self.read(place, state)
        except Exception as error:
            if code_of(error) in self.gone:
                return None
            raise
        return None if observed is None else self._settled(default_tags, state, observed)

    def _settled(self, default_tags: Tags, state: Values, observed: Values) -> Values:
        if self.tagged and "tags_all" in observed:
            remote = without_system_tags(observed["tags_all"])
            observed = {**observed, "tags_all": remote, "tags": own_tags(default_tags, remote, known(state["tags"]))}
        return settle(self.shape, state, observed)

    def unread(self, identity: str) -> Values:
        """The state of an object of which nothing is known but what to import it by."""
        fields = {name: spec.arg for name, spec in self.shape.fields.items() if not spec.arg.shy}
        defaults = {name: UNKNOWN if arg.default is NO_DEFAULT else arg.default for name, arg in fields.items()}
        return {**self.shape.blank(), **defaults, **self.locate(identity)}

    def change(self, place: Place, state: Values, new: Values) -> Values:
        """Make the object what the plan says; the attributes that became different by that, as an id may."""
        changed = plan.changed(self.shape, state, new)
        if self.tagged and "tags_all" in changed:
            before, after = state["tags_all"] or {}, new["tags_all"]
            set_ = {key: value for key, value in after.items() if before.get(key) != value}
            self.tag(place, state, set_, [key for key in before if key not in after])
        if not changed - {"tags", "tags_all"}:
            return {}
        return self.update(place, state, new, changed) or {}

    def remove(self, place: Place, state: Values) -> None:
        """Delete the object; an object that is gone already is fine."""
        try:
            self.delete(place, state)
        except Exception as error:
            if code_of(error) not in self.gone:
                raise

    # --- what a type says for itself -----------------------------------------------------------------------

    def locate(self, identity: str) -> Values:
        """What an import id says of the object, where that is more than its id."""
        return {"id": identity}

    def adjust(self, prior: Values, planned: Values, changed: frozenset[str]) -> None:
        """Set what else becomes different, or unknown, when `changed` is; `follows` does for most types."""

    def create(self, place: Place, new: Values) -> str:
        """Make the object; its id."""
        raise NotImplementedError

    def complete(self, place: Place, new: Values) -> None:
        """What has to follow the first call. When it fails, the object exists and is known, but tainted."""

    def read(self, place: Place, state: Values) -> Values | None:
        """What the cloud says of the object: any of its attributes; None, or an error in `gone`, if there is none."""
        raise NotImplementedError

    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values | None:
        """Change the object in place. `changed` names the top-level attributes that differ.

        What is returned is known from then on, before the object is read again: an id that is a new one.
        """

    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        """Set and remove tags."""
        raise NotImplementedError

    def delete(self, place: Place, state: Values) -> None:
        """Delete the object, and wait until it is gone."""
        raise NotImplementedError


class DataSource:
    """One data source type: something that is only read."""

    type: ClassVar[str]
    service: ClassVar[str]
    label: ClassVar[str]
    args: ClassVar[Mapping[str, Arg]] = {}
    reads: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def shape(self) -> Shape:
        """The real provider's schema with what this class declares."""
        block = catalog().data_sources[self.type]
        common = {name: COMPUTED for name in ("id", "region") if name in block.arguments}
        return shape_of(block, {**common, **self.args}, self.reads)

    def answer(self, place: Place, config: Values) -> Values:
        """The configuration with everything that was asked for."""
        for path in plan.not_carried_out(self.shape, config):
            raise NotEmulated(f"the sandbox does not emulate data.{self.type}.{path}")
        filled = known(plan.fill(self.shape, config, config, None))
        if "region" in self.shape.fields:
            filled["region"] = place.region
        return {**filled, **self.read(place, config, filled)}

    def read(self, place: Place, config: Values, filled: Values) -> Values:
        """What the cloud, or arithmetic, answers. `filled` is the configuration with its defaults."""
        raise NotImplementedError
