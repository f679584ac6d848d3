"""The lifecycle that all resource types share: plan, create, read, update, delete, tags and drift.

A class in `services/` declares its type and implements only the API calls that create, read, change and delete the
object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from deployments.sandbox.aws_provider import plan
from deployments.sandbox.aws_provider.aws import Place, code_of
from deployments.sandbox.aws_provider.behaviour import behaviours
from deployments.sandbox.aws_provider.declare import (
    COMPUTED,
    COMPUTED_REPLACES,
    NO_DEFAULT,
    PLAIN,
    Arg,
    Shape,
    shape_of,
)
from deployments.sandbox.aws_provider.observe import as_known, known, settle
from deployments.sandbox.aws_provider.schema import catalog
from deployments.sandbox.aws_provider.tags import Tags, all_tags, own_tags, without_system_tags
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, is_known

COMMON: Mapping[str, Arg] = {"id": COMPUTED, "region": COMPUTED_REPLACES, "tags": PLAIN, "tags_all": COMPUTED}


class NotEmulated(Exception):
    """The configuration uses something that the stand-in does not implement."""


@dataclass(frozen=True)
class Planned:
    """The planned values of a resource.

    Attributes:
        values: the planned values.
        replacing: the names of attributes and blocks that force a replacement.
        departs: whether the plan has more than the configuration (see `plan.departs`).
    """

    values: Values
    replacing: list[str]
    departs: bool


class Resource:
    """One resource type. Subclasses set the class variables and override the methods at the end."""

    type: ClassVar[str]
    service: ClassVar[str]
    """The name of the API in boto3."""
    label: ClassVar[str]
    """The name of the type in the real provider's error messages."""
    args: ClassVar[Mapping[str, Arg]] = {}
    """The arguments that the class implements, by path."""
    reads: ClassVar[Mapping[str, str]] = {}
    """{read-only attribute: its type}, for attributes that are not strings."""
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """{argument: attributes that become unknown until the apply if it changes}."""
    shared: ClassVar[tuple[str, ...]] = ()
    """Attributes that other objects in a configuration change too, perhaps while this object is being changed."""
    gone: ClassVar[tuple[str, ...]] = ()
    """Error codes of AWS that mean that the object does not exist."""

    @cached_property
    def shape(self) -> Shape:
        """The real provider's schema, combined with the declarations of this class."""
        block = catalog().resources[self.type]
        common = {n: a for n, a in COMMON.items() if n in block.arguments}
        timeouts = {"timeouts.*": PLAIN} if "timeouts" in block.blocks else {}
        return shape_of(block, {**common, **timeouts, **self.args}, self.reads, behaviours()[self.type])

    @property
    def tagged(self) -> bool:
        """Whether the type has tags."""
        return "tags_all" in self.shape.fields

    # --- lifecycle ---------------------------------------------------------------------------------------

    def plan(
        self, place: Place, default_tags: Tags, prior: Values | None, proposed: Values, config: Values
    ) -> Planned:
        """Plan the creation or change of a resource.

        Args:
            place: the account and region.
            default_tags: the provider's default tags.
            prior: the prior state; None if the object does not exist yet.
            proposed: Terraform's merge of the configuration with the prior state.
            config: the values that the configuration sets.

        Raises:
            NotEmulated: the configuration uses, or changes, something that the stand-in cannot.
        """
        for path in plan.not_carried_out(self.shape, config):
            raise NotEmulated(f"the sandbox does not emulate {self.type}.{path}")
        planned = plan.fill(self.shape, config, proposed, prior)
        if "region" in self.shape.fields and planned["region"] is not None and config.get("region") is None:
            planned["region"] = place.region
        if self.tagged:
            planned["tags_all"] = all_tags(default_tags, planned["tags"])
        if prior:
            self._follow(prior, planned, config)
        replacing = self.replacing(prior, planned) if prior else []
        if prior and not replacing:
            for path in plan.unchangeable(self.shape, prior, planned):
                raise NotEmulated(f"the sandbox does not emulate changing {self.type}.{path}")
        return Planned(planned, replacing, plan.departs(self.shape, config, planned))

    def _follow(self, prior: Values, planned: Values, config: Values) -> None:
        changed = plan.changed(self.shape, prior, planned)
        for name in sorted(changed & self.shape.fields.keys()):
            for follower in self.follows.get(name, ()):
                if config.get(follower) in (None, []):
                    planned[follower] = UNKNOWN
        if changed:
            self.adjust(prior, planned, changed)

    def refresh(self, place: Place, default_tags: Tags, state: Values) -> Values | None:
        """Return the current state of the object, or None if the object no longer exists."""
        try:
            observed = self.read(place, as_known(self.shape, state))
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
        """Return the state of an object of which only the import id is known, to be completed by `refresh`."""
        fields = {name: spec.arg for name, spec in self.shape.fields.items() if not spec.arg.only_if_configured}
        defaults = {name: UNKNOWN if arg.default is NO_DEFAULT else arg.default for name, arg in fields.items()}
        return {**self.shape.blank(), **defaults, **self.locate(identity)}

    def change(self, place: Place, state: Values, new: Values) -> Values:
        """Apply a planned update.

        Returns:
            The attributes that the update itself has changed, such as an id; empty if there are none.
        """
        changed = plan.changed(self.shape, state, new)
        if self.tagged and "tags_all" in changed:
            before, after = state["tags_all"] or {}, new["tags_all"]
            set_ = {key: value for key, value in after.items() if before.get(key) != value}
            self.tag(place, state, set_, [key for key in before if key not in after])
        if not changed - {"tags", "tags_all"}:
            return {}
        return self.update(place, state, new, changed) or {}

    def as_planned(self, planned: Values, fresh: Values | None) -> Values | None:
        """Return the state after an update: planned values for `shared` attributes, `fresh` values for all others.

        The next refresh reads the shared attributes again.
        """
        known_before = {name: planned[name] for name in self.shared if is_known(planned[name])}
        return fresh and fresh | known_before

    def remove(self, place: Place, state: Values) -> None:
        """Delete the object. Succeed if it no longer exists."""
        try:
            self.delete(place, state)
        except Exception as error:
            if code_of(error) not in self.gone:
                raise

    # --- implemented by subclasses -------------------------------------------------------------------------

    def locate(self, identity: str) -> Values:
        """Return the attributes that an import id contains. Override this if they are more than the id."""
        return {"id": identity}

    def adjust(self, prior: Values, planned: Values, changed: frozenset[str]) -> None:
        """Set other attributes that change or become unknown with `changed`; for most types `follows` is enough."""

    def replacing(self, prior: Values, planned: Values) -> list[str]:
        """Return the attributes whose change forces a replacement. Override this if more than the type decides."""
        return plan.replacing(self.shape, prior, planned)

    def create(self, place: Place, new: Values) -> str:
        """Create the object and return its id."""
        raise NotImplementedError

    def complete(self, place: Place, new: Values) -> None:
        """Make the calls that follow the first one. If one of them fails, the object is in the state but tainted."""

    def read(self, place: Place, state: Values) -> Values | None:
        """Read the object's attributes, all or some of them.

        Returns:
            The attributes; None if the object does not exist. An error with a code in `gone` means the same.
        """
        raise NotImplementedError

    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values | None:
        """Change the object in place.

        Args:
            place: the account and region.
            state: the state before the change.
            new: the planned values.
            changed: the names of the top-level attributes and blocks that differ.

        Returns:
            Attributes that are needed to read the object again, such as a new id; None if there are none.
        """

    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        """Set the tags `added` and remove the tags whose keys are in `removed`."""
        raise NotImplementedError

    def delete(self, place: Place, state: Values) -> None:
        """Delete the object, and wait until it no longer exists."""
        raise NotImplementedError


class DataSource:
    """One data source type, which is only read."""

    type: ClassVar[str]
    service: ClassVar[str]
    label: ClassVar[str]
    args: ClassVar[Mapping[str, Arg]] = {}
    reads: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def shape(self) -> Shape:
        """The real provider's schema, combined with the declarations of this class."""
        block = catalog().data_sources[self.type]
        common = {name: COMPUTED for name in ("id", "region") if name in block.arguments}
        return shape_of(block, {**common, **self.args}, self.reads)

    def answer(self, place: Place, config: Values) -> Values:
        """Return the configuration, completed with everything that was read.

        Raises:
            NotEmulated: the configuration uses something that the stand-in does not implement.
        """
        for path in plan.not_carried_out(self.shape, config):
            raise NotEmulated(f"the sandbox does not emulate data.{self.type}.{path}")
        filled = known(plan.fill(self.shape, config, config, None))
        if "region" in self.shape.fields:
            filled["region"] = place.region
        return {**filled, **self.read(place, config, filled)}

    def read(self, place: Place, config: Values, filled: Values) -> Values:
        """Read or compute the attributes and return them. `filled` is the configuration with its defaults."""
        raise NotImplementedError
