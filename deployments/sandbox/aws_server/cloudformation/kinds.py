"""What a resource type of CloudFormation is to the sandbox: how it is made, changed, removed and read."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.aws_server.cloudformation.clients import Clients

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What `Ref` gives of a resource, and what `GetAtt` does. `seen`: what was read of it after the last change."""

    id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict, compare=False)


class EmbeddedFailed(Exception):
    """A nested stack could not be made, changed or removed; `id` is the stack's, the message its status reason."""

    def __init__(self, id: str, reason: str) -> None:
        super().__init__(reason)
        self.id = id


class Kind:
    """One resource type. `properties` are those that are emulated; `checked`: whether drift detection reads it."""

    properties: frozenset[str] = frozenset()
    checked = True
    always_updated = False
    """Whether an update of the stack always is one of the resource, too."""

    importable = False
    """Whether one that is there already can become part of a stack."""

    @property
    def attributes(self) -> frozenset[str] | None:
        """What GetAtt can ask of it; None where that is only known once it is made."""
        return None

    @property
    def takes_tags(self) -> bool:
        """Whether it can have tags."""
        return any(name.endswith("Tags") for name in self.properties)

    @property
    def is_deleted_by_id(self) -> bool:
        """Whether deleting it needs nothing but its id."""
        return False

    def unknown(self, p: Properties) -> list[str]:
        """The properties that are not emulated."""
        return sorted(p.keys() - self.properties)

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        """The properties that differ, and cannot be changed in place here, though AWS can."""
        return []

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make it; `name` is one of its own making, for where the template gives none."""
        raise NotImplementedError

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        """Change it in place."""
        raise NotImplementedError

    def undo(self, aws: Clients, made: Made, tried: Properties, earlier: Properties) -> None:
        """Change it back in place."""
        self.update(aws, made, tried, earlier)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Remove it."""
        raise NotImplementedError

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        """Its properties as they really are, of those that `p` declares; None when it is not there."""
        raise NotImplementedError

    def found(self, aws: Clients, id: str, p: Properties) -> Made | None:
        """One that is there already, by its identifier, as a stack takes it over; None when there is none."""
        made = Made(id)
        if self.read(aws, made, p) is None:
            return None
        made.attributes.update(self.given(aws, id))
        return made

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        """What GetAtt gives of one that is there, by its identifier; for types that can be imported."""
        raise NotImplementedError

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        """Whether something has the name that the template gives, where the service would hand that over."""
        return False


def generated(stack: str, logical_id: str) -> str:
    """A physical name as CloudFormation makes them: stack, logical id, random text."""
    alphabet = string.ascii_uppercase + string.digits
    return f"{stack}-{logical_id}-{''.join(secrets.choice(alphabet) for _ in range(12))}"


def tags_of(aws: Clients, p: Properties, key: str = "Tags") -> dict[str, str]:
    """The stack's tags and the resource's own."""
    own = p.get(key) or {}
    listed = own if isinstance(own, Mapping) else {tag["Key"]: tag["Value"] for tag in own}
    return {**aws.tags, **listed}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form that most services take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def as_text(value: Any) -> str:
    """A property as the attribute of a service: JSON for what has structure, "true" for True."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def like(declared: Any, found: str | None) -> Any:
    """An attribute of a service in the type in which the property was declared, for comparing."""
    if found is None:
        return None
    if isinstance(declared, bool):
        return found == "true"
    if isinstance(declared, int):
        return int(found) if found.lstrip("-").isdigit() else found
    return json.loads(found) if isinstance(declared, dict | list) and found else found
