"""A resource type as data: which calls of a service make, read, change and remove it, with which properties.

    making ─ changing (what `making` does not take) ─ tagging ─ reading
                 ▲ an update goes through these

What a call takes of the properties follows from its shape (`arguments.py`); `given` adds what does not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore.exceptions import ClientError
from botocore.model import StructureShape

from deployments.sandbox.aws_server.cloudformation.arguments import argument, input_of, member, unknown
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, tags_of

_PLACE = re.compile(r"\{([\w.]+)(?::(\w+))?\}")
_MISSING = re.compile(r"NotFound|NoSuch|NotExist|NonExist|UnknownResource|InvalidGroup|^404$", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """A call of a service.

    Attributes:
        operation: as boto3 names it.
        given: arguments by name; "{X}" in a text is the property or attribute X, or `id`, `name`, `account`, `region`;
            "{X:decoded}" is X through one of `_FILTERS`.
        when: the arguments that a property adds if it is declared; "{X}" where they are in the property.
        of: the properties that are handed on; all that the operation takes when it is None.
        found: JMESPath of the object in the answer.
    """

    operation: str
    given: Mapping[str, Any] = field(default_factory=dict)
    of: tuple[str, ...] | None = None
    found: str = "@"
    when: Mapping[str, Mapping[str, Any] | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Each:
    """A property that is a list, of which every item has calls of its own; "{item}" is the item.

    Attributes:
        property: its name.
        add: brings an item.
        remove: takes an item away.
    """

    property: str
    add: Call
    remove: Call


@dataclass(frozen=True, kw_only=True)
class ServiceKind(Kind):
    """A type that is told by calls.

    Attributes:
        service: boto3's name of it.
        making: makes it; `found` is the object. None where it is nothing but what `lists` bring.
        id: what Ref gives: JMESPath in the object, or a text with "{X}".
        reading: reads it back; `found` is the object, or null when it is gone.
        also: what reads a property that the object does not show.
        changing: changes it in place, a call for each group of properties.
        lists: properties whose items come and go one by one, before `dropping` too.
        dropping: removes it; None where it goes with what it is part of.
        gives: what GetAtt gives: JMESPath in the object, or a text with "{X}".
        more: what GetAtt gives that takes a call of its own, made once.
        first: what is looked up before it is made, by the name that "{X}" refers to it with.
        defaults: properties that "{X}" refers to and that a template need not have.
        named: the property that names it, and how long a generated name may be; empty where it has no name.
        names: property -> argument, where they differ by more than the case of letters.
        tagging: adds tags, which are "{tags}" in it; without it they go to `making`.
        tag_form: what every tag says besides its key and value.
        tags: the property that has the tags.
        unset: what a property that is no longer declared goes back to.
        lowered: whether a generated name is in lower case.
        puts: whether `making` would take over what has its name already.
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
    ignored: frozenset[str] = frozenset()

    @property
    def checked(self) -> bool:  # type: ignore[override]
        """Whether drift detection reads it."""
        return self.reading is not None

    @property
    def attributes(self) -> frozenset[str]:
        """What GetAtt can ask of it."""
        return frozenset([*self.gives, *self.more])

    @property
    def takes_tags(self) -> bool:
        """Whether it can have tags."""
        return self.tagging is not None or self._makes(self.tags)

    @property
    def is_deleted_by_id(self) -> bool:
        """Whether deleting it needs nothing but its id."""
        return self.dropping is not None and set(_PLACE.findall(str(self.dropping.given))) == {("id", "")}

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
        if self.tagging is None and self._makes(self.tags):
            full = {
                **full,
                self.tags: [{"Key": key, "Value": value} for key, value in tags_of(aws, p, self.tags).items()],
            }
        made = self._call(aws, self.making, full, scope) if self.making else {}
        scope |= {key: value for key, value in made.items() if isinstance(key, str)} if isinstance(made, dict) else {}
        scope["id"] = _told(self.id, made, scope)
        left = {key: value for key, value in full.items() if not self._makes(key)}
        self._change(aws, left, full, scope)
        self._exchange(aws, {}, full, scope)
        self._tag(aws, p, scope)
        there = self._there(aws, p, scope) if self.reading else made
        attributes = {key: _told(path, there, scope) for key, path in self.gives.items()}
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
        made.attributes.update({key: _told(path, there, scope) for key, path in self.gives.items() if there})

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Remove it."""
        if self.dropping:
            self._call(
                aws, Call(self.dropping.operation, self.dropping.given, of=()), {}, self._scope_of(aws, made, p)
            )

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        """What differs from how it was read back after the last change; None when it is gone."""
        if self.reading is None:
            return {}
        found = self._there(aws, p, self._scope_of(aws, made, p))
        if found is None:
            return None
        now = self._seen(found, p)
        return {key: now.get(key) for key in p if now.get(key) != made.seen.get(key)}

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        """Whether something has the name, where the service would hand that over."""
        name = p.get(self.named[0]) if self.puts else None
        return name is not None and self.read(aws, Made(str(name)), p) is not None

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """The properties that it is made with; for types that need more than their calls."""
        return p

    def _call(self, aws: Clients, call: Call, p: Properties, scope: Mapping[str, Any]) -> Any:
        shape = input_of(self.service, call.operation)
        arguments: dict[str, Any] = {}
        for key, value in p.items():
            if key in call.when:
                more = _filled(call.when[key], scope)
                _merge(arguments, {name: self._given(shape, name, item, scope) for name, item in more.items()})
            elif (name := self._taken(call, key)) and name not in call.given:
                arguments[name] = argument(shape.members[name], value, self.names)
        _merge(arguments, {name: self._given(shape, name, item, scope) for name, item in call.given.items()})
        answer = getattr(aws(self.service), call.operation)(**arguments)
        return jmespath.search(_filled_text(call.found, scope), answer)

    def _given(self, shape: StructureShape, name: str, value: Any, scope: Mapping[str, Any]) -> Any:
        return argument(shape.members[name], _filled(value, scope), self.names)

    def _there(self, aws: Clients, p: Properties, scope: Mapping[str, Any]) -> Any:
        """The object as it is; None when there is none."""
        found = self._found(aws, self.reading, scope) if self.reading else None
        if not isinstance(found, Mapping):
            return found
        more = {key: self._found(aws, call, scope) for key, call in self.also.items() if key in p}
        return {**found, **more}

    def _found(self, aws: Clients, call: Call, scope: Mapping[str, Any]) -> Any:
        try:
            return self._call(aws, call, {}, scope)
        except ClientError as error:
            if _MISSING.search(error.response["Error"]["Code"]):
                return None
            raise

    def _change(self, aws: Clients, differing: Properties, p: Properties, scope: Mapping[str, Any]) -> None:
        for call in self.changing:
            if any(self._changed_by(call, key) for key in differing):
                # All that the call takes, not only what differs: most calls replace what they are not given.
                full = {key: value for key, value in p.items() if self._changed_by(call, key)}
                self._call(aws, call, full, scope)

    def _exchange(self, aws: Clients, old: Properties, new: Properties, scope: Mapping[str, Any]) -> None:
        """Take away the items of lists that are no longer declared, and bring the new ones."""
        for each in self.lists:
            before, after = old.get(each.property) or [], new.get(each.property) or []
            for item in [item for item in before if item not in after]:
                self._call(aws, each.remove, {}, {**scope, "item": item})
            for item in [item for item in after if item not in before]:
                self._call(aws, each.add, {}, {**scope, "item": item})

    def _tag(self, aws: Clients, p: Properties, scope: Mapping[str, Any]) -> None:
        tags = tags_of(aws, p, self.tags)
        if self.tagging and tags:
            form = _filled(self.tag_form, scope)
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

    def _taken(self, call: Call, key: str) -> str:
        """The argument of a call that a property is; empty where it takes none."""
        if call.of is not None and key not in call.of:
            return ""
        return member(input_of(self.service, call.operation), key, self.names)

    def _makes(self, key: str) -> bool:
        return self.making is not None and (bool(self._taken(self.making, key)) or _mentions(self.making, key))

    def _changed_by(self, call: Call, key: str) -> bool:
        return (call.of is not None and key in call.of) or bool(self._taken(call, key)) or _mentions(call, key)

    def _changes(self, key: str, gone: bool) -> bool:
        if key == self.tags or any(each.property == key for each in self.lists):
            return key != self.tags or self.tagging is not None
        return any(self._changed_by(call, key) for call in self.changing) and (not gone or key in self.unset)

    def _unplaced(self, key: str, value: Any) -> Iterator[str]:
        if (key == self.tags and self.takes_tags) or any(each.property == key for each in self.lists):
            return
        calls = (*([self.making] if self.making else []), *self.changing)
        if any(_mentions(call, key) for call in calls):
            return
        for call in calls:
            if found := self._taken(call, key):
                yield from unknown(input_of(self.service, call.operation).members[found], value, self.names, key)
                return
        yield key


def _mentions(call: Call, key: str) -> bool:
    return key in call.when or re.search(rf"\{{{key}[.:}}]", str(call.given)) is not None


def _merge(arguments: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        earlier = arguments.get(name)
        arguments[name] = {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value


def _told(path: str, found: Any, scope: Mapping[str, Any]) -> Any:
    return _filled(path, scope) if _PLACE.search(path) else jmespath.search(path, found)


def _filled(value: Any, scope: Mapping[str, Any]) -> Any:
    """A value with every "{X}" in it replaced; a text that is nothing else becomes the value itself."""
    if isinstance(value, Mapping):
        return {key: _filled(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, scope) for item in value]
    if not isinstance(value, str):
        return value
    if whole := _PLACE.fullmatch(value):
        return _looked_up(whole, scope)
    return _filled_text(value, scope)


def _filled_text(text: str, scope: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: as_text(_looked_up(found, scope)), text)


def _looked_up(place: re.Match[str], scope: Mapping[str, Any]) -> Any:
    found: Any = scope
    for part in [place[1]] if place[1] in scope else place[1].split("."):
        found = found[int(part) if isinstance(found, list) else part]
    return _FILTERS[place[2]](found) if place[2] else found


_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "decoded": lambda text: base64.b64decode(text).decode(),
    "json": json.dumps,
    "kebab": lambda text: re.sub(r"(?<=.)(?=[A-Z])", "-", text).lower(),
    "lower": lambda text: text.lower(),
    "last": lambda arn: arn.rpartition(":")[2],
    "tail": lambda arn: arn.partition("/")[2],
    "settings": lambda parameters: [
        {"ParameterName": key, "ParameterValue": as_text(value), "ApplyMethod": "pending-reboot"}
        for key, value in parameters.items()
    ],
}
"""What "{X:filter}" makes of X."""


def _shortened(name: str, length: int) -> str:
    """A generated name that is not too long: its random end is what makes it unique."""
    return name if len(name) <= length else f"{name[: length - 13]}-{name[-12:]}".replace("--", "-")
