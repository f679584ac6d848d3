"""A resource type as data: the calls of a service that make, read, change and remove it, and their properties.

    making ─ changing (what `making` does not take) ─ tagging ─ reading
                 ▲ an update goes through these

The input shape of a call determines which properties it accepts (`arguments.py`, `calls.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.arguments import input_of, unknown
from deployments.sandbox.aws_server.cloudformation.calls import Call, Each
from deployments.sandbox.aws_server.cloudformation.clients import Clients, is_missing
from deployments.sandbox.aws_server.cloudformation.comparing import is_within
from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, refuse
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, tags_of
from deployments.sandbox.aws_server.cloudformation.places import Scope, filled, named, told


@dataclass(frozen=True, kw_only=True)
class ServiceKind(Kind):
    """A resource type that is described by calls of a service.

    Attributes:
        service: its name in boto3.
        making: makes the resource; `found` is the object. None if the resource consists only of the items in `lists`.
        id: what Ref returns: JMESPath in the object, or a text with places.
        reading: reads the object; `found` is the object, or null if it no longer exists.
        also: {property: the call that reads it}, for properties that the object does not show.
        changing: the calls that change it in place, one for each group of properties.
        lists: properties whose items are added and removed one by one; they are emptied before `dropping`.
        dropping: removes it; None if it disappears with the resource that it is part of.
        gives: {attribute: what GetAtt returns}: JMESPath in the object, or a text with places.
        more: {attribute: the call that GetAtt needs for it}; each is made once.
        first: {name for places: a call whose result it is}; these are made before `making`.
        defaults: values of properties that places name but that a template may omit.
        named: the property with its name, and the maximum length of a generated name; "" if it has no name.
        names: {property: argument}, where they differ by more than upper and lower case.
        tagging: the call that adds tags, "{tags}"; without it, tags are passed to `making`.
        tag_form: what every tag contains besides its key and value.
        tags: the property with the tags.
        unset: {property: the value it gets when it is no longer declared}.
        lowered: whether a generated name is in lower case.
        puts: whether `making` would take over an existing resource with the same name.
        only: {property: its only value that is emulated}.
        ignored: properties that only say how CloudFormation should proceed, which makes no difference here.
    """

    service: str
    making: Call | None
    id: str
    dropping: Call | None = None
    reading: Call | None = None
    also: Mapping[str, Call] = field(default_factory=dict)
    changing: tuple[Call, ...] = ()
    lists: tuple[Each, ...] = ()
    gives: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Call] = field(default_factory=dict)
    first: Mapping[str, Call] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    named: tuple[str, int] = ("", 0)
    names: Mapping[str, str] = field(default_factory=dict)
    tagging: Call | None = None
    tag_form: Mapping[str, Any] = field(default_factory=dict)
    tags: str = "Tags"
    unset: Mapping[str, Any] = field(default_factory=dict)
    lowered: bool = False
    puts: bool = False
    only: Mapping[str, Any] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @property
    def checked(self) -> bool:  # type: ignore[override]
        """Whether drift detection reads the resource."""
        return self.reading is not None

    @property
    def importable(self) -> bool:  # type: ignore[override]
        """Whether an existing resource can be read by its id alone."""
        return self.reading is not None

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes that GetAtt can return."""
        return frozenset([*self.gives, *self.more])

    @property
    def takes_tags(self) -> bool:
        """Whether the resource can have tags."""
        return self.tagging is not None or self._is_about(self.making, self.tags)

    @property
    def is_deleted_by_id(self) -> bool:
        """Whether the id is all that is needed to delete the resource."""
        return self.dropping is not None and not self.lists and named(self.dropping.given) == {"id"}

    def unknown(self, p: Properties) -> list[str]:
        """Return the sorted paths of all properties, including nested ones, that no call accepts."""
        return sorted(path for key in p if key not in self.ignored for path in self._unplaced(key, p[key]))

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        """Return the sorted names of properties that differ and that no call changes in place."""
        differing = [key for key in {**old, **new} if old.get(key) != new.get(key) and key not in self.ignored]
        return sorted(key for key in differing if not self._changes(key, gone=key not in new))

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make the resource, then set the properties that `making` does not accept."""
        full = self.prepared(aws, self._with_name(name, p))
        scope = self._scope(aws, name, full)
        scope |= {key: self._call(aws, call, {}, scope) for key, call in self.first.items()}
        if self.tagging is None and self._is_about(self.making, self.tags):
            full = {
                **full,
                self.tags: [{"Key": key, "Value": value} for key, value in tags_of(aws, p, self.tags).items()],
            }
        made = self._call(aws, self.making, full, scope) if self.making else {}
        scope |= {key: value for key, value in made.items() if isinstance(key, str)} if isinstance(made, dict) else {}
        scope["id"] = told(self.id, made, scope)
        if scope["id"] is None and self.reading and "id" not in named(self.reading.given):
            scope["id"] = told(self.id, self._there(aws, p, scope), scope)
        if scope["id"] is None:
            # Calls that make several objects list in their response those that they did not make.
            raise refuse(f"{self.making.operation if self.making else ''}: {made}")
        left = {key: value for key, value in full.items() if not self._is_about(self.making, key)}
        self._change(aws, left, full, scope)
        self._exchange(aws, {}, full, scope)
        self._tag(aws, p, scope)
        there = self._there(aws, p, scope) if self.reading else made
        attributes = {key: told(path, there, scope) for key, path in self.gives.items()}
        attributes |= {key: self._call(aws, call, {}, scope) for key, call in self.more.items()}
        return Made(str(scope["id"]), attributes, {"": scope, **self._seen(there, p)})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        """Change the properties that differ, and the tags."""
        full = self.prepared(aws, new)
        scope = self._scope_of(aws, made, full)
        differing = {key for key in {**old, **new} if old.get(key) != new.get(key)}
        after = {key: self.unset[key] for key in differing if key not in new and key in self.unset} | dict(full)
        self._change(aws, {key: after[key] for key in differing if key in after}, after, scope)
        self._exchange(aws, old, new, scope)
        self._tag(aws, new, scope)
        there = self._there(aws, new, scope) or {}
        made.seen.update(self._seen(there, new))
        made.attributes.update({key: told(path, there, scope) for key, path in self.gives.items() if there})

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Remove the resource."""
        scope = self._scope_of(aws, made, p)
        self._exchange(aws, p, {}, scope)
        if self.dropping:
            self._call(aws, self.dropping, {}, scope)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        """Return properties that differ from those read after the last change; None if the resource is gone."""
        if self.reading is None:
            return {}
        found = self._there(aws, p, self._scope_of(aws, made, p))
        if found is None:
            return None
        now = self._seen(found, p)
        return {key: now.get(key) for key in p if now.get(key) != made.seen.get(key)}

    def found(self, aws: Clients, id: str, p: Properties) -> Made | None:
        """Return an existing resource, or None. `read` reports its differences from the declared properties."""
        scope = {**self._scope(aws, id, p), "id": id}
        there = self._there(aws, p, scope)
        if there is None:
            return None
        # Places may name attributes from the response to `making`; the response to `reading` has them too.
        scope = {**(there if isinstance(there, dict) else {}), **scope}
        attributes = {key: told(path, there, scope) for key, path in self.gives.items()}
        attributes |= {key: self._call(aws, call, {}, scope) for key, call in self.more.items()}
        now = self._seen(there, p)
        seen = {key: value if is_within(p[key], value, self.names) else p[key] for key, value in now.items()}
        return Made(id, attributes, {"": scope, **seen})

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        """Tell whether the name is in use, if the service would return the existing resource instead of an error."""
        name = p.get(self.named[0]) if self.puts else None
        return name is not None and self.read(aws, Made(str(name)), p) is not None

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties to make it with. Types override this if they need more than their calls."""
        return p

    def _call(self, aws: Clients, call: Call, p: Properties, scope: Scope) -> Any:
        return call.answer(aws, self.service, p, self.names, scope)

    def _there(self, aws: Clients, p: Properties, scope: Scope) -> Any:
        """Return the object in its current state, or None if there is none."""
        found = self._found(aws, self.reading, scope) if self.reading else None
        if not isinstance(found, Mapping):
            return found
        more = {key: self._found(aws, call, scope) for key, call in self.also.items() if key in p}
        return {**found, **more}

    def _found(self, aws: Clients, call: Call, scope: Scope) -> Any:
        try:
            return self._call(aws, call, {}, scope)
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _change(self, aws: Clients, differing: Properties, p: Properties, scope: Scope) -> None:
        for call in self.changing:
            if any(self._is_about(call, key) for key in differing):
                # Pass everything that the call accepts, because most calls reset what they do not get.
                full = {key: value for key, value in p.items() if self._is_about(call, key)}
                self._call(aws, call, full, scope)

    def _exchange(self, aws: Clients, old: Properties, new: Properties, scope: Scope) -> None:
        """Remove the list items that are no longer declared, and add the new ones."""
        for each in self.lists:
            before, after = old.get(each.property) or [], new.get(each.property) or []
            for item in [item for item in before if item not in after]:
                self._call(aws, each.remove, {}, {**scope, "item": item})
            for item in [item for item in after if item not in before]:
                self._call(aws, each.add, {}, {**scope, "item": item})

    def _tag(self, aws: Clients, p: Properties, scope: Scope) -> None:
        tags = tags_of(aws, p, self.tags)
        if self.tagging and tags:
            form = filled(self.tag_form, scope)
            listed = [{"Key": key, "Value": value, **form} for key, value in tags.items()]
            self._call(aws, self.tagging, {}, {**scope, "tags": listed})

    def _seen(self, found: Any, p: Properties) -> dict[str, Any]:
        """Return the declared properties with their values in an object that was read."""
        if not isinstance(found, Mapping):
            return {}
        lowered = {str(key).lower(): value for key, value in found.items()}
        said = {key: lowered.get(self.names.get(key, key).lower()) for key in p}
        return {key: value for key, value in said.items() if value is not None}

    def _with_name(self, name: str, p: Properties) -> Properties:
        key, length = self.named
        return {key: _shortened(name.lower() if self.lowered else name, length), **p} if key else p

    def _scope_of(self, aws: Clients, made: Made, p: Properties) -> dict[str, Any]:
        kept = made.seen.get("", {})
        return {**self._scope(aws, made.id, p), **kept, **p, "id": made.id}

    def _scope(self, aws: Clients, name: str, p: Properties) -> dict[str, Any]:
        return {"account": aws.account, "region": aws.region, "name": name, **self.defaults, **p}

    def _is_about(self, call: Call | None, key: str) -> bool:
        return call is not None and call.is_about(self.service, key, self.names)

    def _changes(self, key: str, gone: bool) -> bool:
        if key == self.tags or any(each.property == key for each in self.lists):
            return key != self.tags or self.tagging is not None
        return any(self._is_about(call, key) for call in self.changing) and (not gone or key in self.unset)

    def _unplaced(self, key: str, value: Any) -> Iterator[str]:
        if (key == self.tags and self.takes_tags) or any(each.property == key for each in self.lists):
            return
        if key in self.only:
            yield from (
                [] if as_text(value).lower() == as_text(self.only[key]).lower() else [f"{key}={as_text(value)}"]
            )
            return
        calls = [call for call in (self.making, *self.changing) if call and self._is_about(call, key)]
        if not calls:
            yield key
        elif taken := calls[0].takes(self.service, key, self.names):
            shape = input_of(self.service, calls[0].operation)
            yield from unknown(shape.members[taken], value, self.names, key)


def _shortened(name: str, length: int) -> str:
    """Shorten a generated name to `length`. Its random end, which makes it unique, is kept."""
    return name if len(name) <= length else f"{name[: length - 13]}-{name[-12:]}".replace("--", "-")
