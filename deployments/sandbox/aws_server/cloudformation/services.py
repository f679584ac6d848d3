"""A resource type as data: which calls of a service make, read, change and remove it, with which properties.

    making ─ changing (what `making` does not take) ─ tagging ─ reading
                 ▲ an update goes through these

What a call takes of the properties follows from its shape (`arguments.py`, `calls.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.arguments import input_of, unknown
from deployments.sandbox.aws_server.cloudformation.calls import Call, Each
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.comparing import is_within
from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, refuse
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, tags_of
from deployments.sandbox.aws_server.cloudformation.places import Scope, filled, named, told

_MISSING = re.compile(r"NotFound|NoSuch|NotExist|NonExist|UnknownResource|InvalidGroup|^404$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ServiceKind(Kind):
    """A type that is told by calls.

    Attributes:
        service: boto3's name of it.
        making: makes it; `found` is the object. None where it is nothing but what `lists` bring.
        id: what Ref gives: JMESPath in the object, or a text with places.
        reading: reads it back; `found` is the object, or null when it is gone.
        also: what reads a property that the object does not show.
        changing: changes it in place, a call for each group of properties.
        lists: properties whose items come and go one by one, before `dropping` too.
        dropping: removes it; None where it goes with what it is part of.
        gives: what GetAtt gives: JMESPath in the object, or a text with places.
        more: what GetAtt gives that takes a call of its own, made once.
        first: what is looked up before it is made, by the name that places have for it.
        defaults: properties that places name and that a template need not have.
        named: the property that names it, and how long a generated name may be; empty where it has no name.
        names: property -> argument, where they differ by more than the case of letters.
        tagging: adds tags, which are "{tags}" in it; without it they go to `making`.
        tag_form: what every tag says besides its key and value.
        tags: the property that has the tags.
        unset: what a property that is no longer declared goes back to.
        lowered: whether a generated name is in lower case.
        puts: whether `making` would take over what has its name already.
        only: the one value that is emulated of a property.
        ignored: properties that tell CloudFormation how to go about it, which is the same for all here.
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
        """Whether drift detection reads it."""
        return self.reading is not None

    @property
    def importable(self) -> bool:  # type: ignore[override]
        """Whether one that is there already can be read by its id alone."""
        return self.reading is not None

    @property
    def attributes(self) -> frozenset[str]:
        """What GetAtt can ask of it."""
        return frozenset([*self.gives, *self.more])

    @property
    def takes_tags(self) -> bool:
        """Whether it can have tags."""
        return self.tagging is not None or self._is_about(self.making, self.tags)

    @property
    def is_deleted_by_id(self) -> bool:
        """Whether deleting it needs nothing but its id."""
        return self.dropping is not None and not self.lists and named(self.dropping.given) == {"id"}

    def unknown(self, p: Properties) -> list[str]:
        """The properties, and those inside of them, that no call takes."""
        return sorted(path for key in p if key not in self.ignored for path in self._unplaced(key, p[key]))

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        """The properties that differ, and that no call changes in place."""
        differing = [key for key in {**old, **new} if old.get(key) != new.get(key) and key not in self.ignored]
        return sorted(key for key in differing if not self._changes(key, gone=key not in new))

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make it, then give it what `making` does not take."""
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
            # Calls for several things answer in a list which of them they did not make.
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
        """Change what differs, and the tags."""
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
        """Remove it."""
        scope = self._scope_of(aws, made, p)
        self._exchange(aws, p, {}, scope)
        if self.dropping:
            self._call(aws, self.dropping, {}, scope)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        """What differs from how it was read back after the last change; None when it is gone."""
        if self.reading is None:
            return {}
        found = self._there(aws, p, self._scope_of(aws, made, p))
        if found is None:
            return None
        now = self._seen(found, p)
        return {key: now.get(key) for key in p if now.get(key) != made.seen.get(key)}

    def found(self, aws: Clients, id: str, p: Properties) -> Made | None:
        """One that is there, held against what is declared: what differs is what `read` tells from then on."""
        scope = {**self._scope(aws, id, p), "id": id}
        there = self._there(aws, p, scope)
        if there is None:
            return None
        # What was told when it was made is told when it is read, too.
        scope = {**(there if isinstance(there, dict) else {}), **scope}
        attributes = {key: told(path, there, scope) for key, path in self.gives.items()}
        attributes |= {key: self._call(aws, call, {}, scope) for key, call in self.more.items()}
        now = self._seen(there, p)
        seen = {key: value if is_within(p[key], value, self.names) else p[key] for key, value in now.items()}
        return Made(id, attributes, {"": scope, **seen})

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        """Whether something has the name, where the service would hand that over."""
        name = p.get(self.named[0]) if self.puts else None
        return name is not None and self.read(aws, Made(str(name)), p) is not None

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """The properties that it is made with; for types that need more than their calls."""
        return p

    def _call(self, aws: Clients, call: Call, p: Properties, scope: Scope) -> Any:
        return call.answer(aws, self.service, p, self.names, scope)

    def _there(self, aws: Clients, p: Properties, scope: Scope) -> Any:
        """The object as it is; None when there is none."""
        found = self._found(aws, self.reading, scope) if self.reading else None
        if not isinstance(found, Mapping):
            return found
        more = {key: self._found(aws, call, scope) for key, call in self.also.items() if key in p}
        return {**found, **more}

    def _found(self, aws: Clients, call: Call, scope: Scope) -> Any:
        try:
            return self._call(aws, call, {}, scope)
        except ClientError as error:
            if _MISSING.search(error.response["Error"]["Code"]):
                return None
            raise

    def _change(self, aws: Clients, differing: Properties, p: Properties, scope: Scope) -> None:
        for call in self.changing:
            if any(self._is_about(call, key) for key in differing):
                # All that the call takes, not only what differs: most calls replace what they are not given.
                full = {key: value for key, value in p.items() if self._is_about(call, key)}
                self._call(aws, call, full, scope)

    def _exchange(self, aws: Clients, old: Properties, new: Properties, scope: Scope) -> None:
        """Take away the items of lists that are no longer declared, and bring the new ones."""
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
        """What a read object says about the declared properties."""
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
    """A generated name that is not too long: its random end is what makes it unique."""
    return name if len(name) <= length else f"{name[: length - 13]}-{name[-12:]}".replace("--", "-")
