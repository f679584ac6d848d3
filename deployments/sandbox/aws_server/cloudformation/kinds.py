"""The interface of a resource type: how it is made, changed, removed and read."""

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
    """A resource that was made: the results of `Ref` (`id`) and `GetAtt`. `seen` was read after the last change."""

    id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict, compare=False)


class EmbeddedFailed(Exception):
    """A nested stack could not be made, changed or removed. `id` is the stack's, the message its status reason."""

    def __init__(self, id: str, reason: str) -> None:
        super().__init__(reason)
        self.id = id


class Kind:
    """A resource type. `properties` are those that are emulated; `checked` says whether drift detection reads it."""

    properties: frozenset[str] = frozenset()
    checked = True
    always_updated = False
    """Whether every update of the stack updates the resource too."""

    importable = False
    """Whether an existing resource can become part of a stack."""

    @property
    def attributes(self) -> frozenset[str] | None:
        """The attributes that GetAtt can return; None if they are known only after the resource has been made."""
        return None

    @property
    def takes_tags(self) -> bool:
        """Whether the resource can have tags."""
        return any(name.endswith("Tags") for name in self.properties)

    @property
    def is_deleted_by_id(self) -> bool:
        """Whether the id is all that is needed to delete the resource."""
        return False

    def unknown(self, p: Properties) -> list[str]:
        """Return the sorted names of properties that are not emulated."""
        return sorted(p.keys() - self.properties)

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        """Return the properties that differ and that can be changed in place on AWS, but not here."""
        return []

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make the resource. `name` is a generated name, to be used if the template sets none."""
        raise NotImplementedError

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        """Change the resource in place."""
        raise NotImplementedError

    def undo(self, aws: Clients, made: Made, tried: Properties, earlier: Properties) -> None:
        """Change the resource back in place."""
        self.update(aws, made, tried, earlier)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Remove the resource."""
        raise NotImplementedError

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        """Return the actual values of the properties that `p` declares; None if the resource does not exist."""
        raise NotImplementedError

    def found(self, aws: Clients, id: str, p: Properties) -> Made | None:
        """Return an existing resource, given its identifier, for import into a stack; None if it does not exist."""
        made = Made(id)
        if self.read(aws, made, p) is None:
            return None
        made.attributes.update(self.given(aws, id))
        return made

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        """Return what GetAtt returns for an existing resource, given its id. Importable types implement this."""
        raise NotImplementedError

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        """Tell whether the declared name is in use, if the service would return the existing resource."""
        return False


def generated(stack: str, logical_id: str) -> str:
    """Return a physical name in CloudFormation's form: stack, logical id and random text."""
    alphabet = string.ascii_uppercase + string.digits
    return f"{stack}-{logical_id}-{''.join(secrets.choice(alphabet) for _ in range(12))}"


def tags_of(aws: Clients, p: Properties, key: str = "Tags") -> dict[str, str]:
    """Return the stack's tags and the resource's own, which win."""
    own = p.get(key) or {}
    listed = own if isinstance(own, Mapping) else {tag["Key"]: tag["Value"] for tag in own}
    # A template may write the value of a tag as a number.
    return {**aws.tags, **{as_text(key): as_text(value) for key, value in listed.items()}}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form that most services accept."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def as_text(value: Any) -> str:
    """Return a property as an attribute of a service: JSON for structures, "true" for True."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def like(declared: Any, found: str | None) -> Any:
    """Convert a service's attribute to the type of the declared property, for comparison."""
    if found is None:
        return None
    if isinstance(declared, bool):
        return found == "true"
    if isinstance(declared, int):
        return int(found) if found.lstrip("-").isdigit() else found
    return json.loads(found) if isinstance(declared, dict | list) and found else found
