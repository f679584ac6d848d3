"""The rules about single objects that helm and kustomize units may have in their options, and how they are parsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr, field_validator, model_validator

from tasks.cluster import fields, health, ignoring, order
from tasks.cluster.health import Health
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.selection import Selection

_Text = Annotated[StrictStr, Field(min_length=1)]
_Pattern = Annotated[StrictStr, Field(pattern=r"^[^/\s]*$")]
_Kind = Annotated[StrictStr, Field(pattern=r"^[A-Z*?\[][^/.\s]*$")]

_FIXED = tuple(".".join(map(str, location)) for location in ignoring.IDENTITY)


class Objects(BaseModel):
    """Some of a unit's objects. Each part may hold `*`, `?` and `[...]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    kind: _Kind = Field(description="Their kind, such as Deployment; `*` for every kind.")
    group: _Pattern | None = Field(
        default=None, description='Their API group, such as apps; "" is the core group. None: any.'
    )
    namespace: _Pattern | None = Field(default=None, description="The namespace that they live in. None: any.")
    name: _Pattern | None = Field(default=None, description="Their name. None: any.")

    @property
    def selection(self) -> Selection:
        """Return the rule's objects as a selection."""
        parts = {"group": self.group, "namespace": self.namespace, "name": self.name}
        return Selection(self.kind, **{key: value for key, value in parts.items() if value is not None})


class Ignored(Objects):
    """Fields of some objects that are left to others: neither a change nor drift."""

    fields: tuple[_Text, ...] = Field(
        default=(),
        description="The fields, as plans print them (spec.replicas, spec.template.spec.containers.main.image, "
        "spec.ports[port=80].nodePort) or as JSON pointers (/metadata/annotations/example.com~1sum). `*` is every "
        "entry.",
    )
    managed_by: _Text | None = Field(
        default=None,
        description="Instead of `fields`: all fields that this field manager owns by the object's managedFields; "
        "may hold `*`.",
    )
    reason: _Text = Field(description="Why they are left to others; plans and drift reports say so.")

    @field_validator("fields")
    @classmethod
    def _are_fields(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for path in written:
            if told := fields.fault(path):
                raise ValueError(told)
            if path.strip("/.").replace("/", ".") in _FIXED:
                raise ValueError(f"{path} tells which object it is, and cannot be ignored")
        return written

    @model_validator(mode="after")
    def _names_fields(self) -> Ignored:
        if bool(self.fields) == bool(self.managed_by):
            raise ValueError("needs either `fields` or `managed_by`: what of the objects is ignored")
        return self


class Ordered(Objects):
    """Objects that are applied before or after others of the unit, however the kinds are usually ordered."""

    before: tuple[Objects, ...] = Field(
        default=(), description="Objects that are applied only once these are applied and ready."
    )
    after: tuple[Objects, ...] = Field(
        default=(), description="Objects that have to be applied and ready before these are applied."
    )

    @model_validator(mode="after")
    def _says_what(self) -> Ordered:
        if not self.before and not self.after:
            raise ValueError("needs `before` or `after`: the objects that these come before or after")
        return self

    @property
    def rules(self) -> Iterator[order.Rule]:
        """Yield the pairs of what comes before what."""
        yield from (order.Rule(self.selection, each.selection) for each in self.before)
        yield from (order.Rule(each.selection, self.selection) for each in self.after)


class Healthy(Objects):
    """When objects of a custom kind are ready: an expression in CEL over the live `object`."""

    ready: _Text = Field(
        description="True when they are ready: object.status.phase == 'Running'. While it cannot be evaluated they "
        "are not ready."
    )
    failed: _Text | None = Field(
        default=None, description="True when they will not get ready any more. None: they are waited for."
    )

    @field_validator("ready", "failed")
    @classmethod
    def _is_expression(cls, written: str | None) -> str | None:
        if written and (told := health.fault(written)):
            raise ValueError(told)
        return written


def ignored(rules: Sequence[Ignored], us: str, engine: str) -> Ignoring:
    """Turn a unit's rules about ignored fields into the cluster's form.

    Args:
        rules: the rules of the unit's options.
        us: the field manager of what the platform applies.
        engine: the name of the block that contains the rules.
    """
    made = [ignoring.Rule(each.selection, each.reason, each.fields, each.managed_by or "") for each in rules]
    return Ignoring(us, tuple(made), f"{engine}.ignore")


def judged(rules: Sequence[Healthy]) -> Health:
    """Turn a unit's rules about readiness into the cluster's form."""
    return Health(tuple(health.Rule(each.selection, each.ready, each.failed or "") for each in rules))


def ordered(rules: Sequence[Ordered]) -> tuple[order.Rule, ...]:
    """Turn a unit's rules about order into pairs of what is applied before what."""
    return tuple(rule for each in rules for rule in each.rules)


IGNORE = Field(
    default=(),
    description="Fields that are left to others, such as what a controller or a person sets: neither a change nor "
    "drift. None: every field that the unit declares.",
)
HEALTH = Field(
    default=(),
    description="When objects of custom kinds are ready. None: as kstatus judges them, by their conditions.",
)
