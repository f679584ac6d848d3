"""Fields of objects: how rules write them, and where they are in an object. Pure.

A field is written as plans print it (`spec.template.spec.containers.main.image`: entries of a list by their names),
or as a JSON pointer (RFC 6901: `/metadata/annotations/example.com~1checksum`). Both accept `*` for every entry. Keys
may contain dots and slashes, so a path is matched against the keys that an object really has. Entries without a name
are selected by their content, as in `spec.ports[port=80].nodePort`, or by number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Location = tuple[str | int, ...]
"""The keys and list positions that lead to a field of one object."""

_EVERY = "*"


def fault(path: str) -> str:
    """Explain what is wrong with how a field is written; empty if nothing is."""
    if not path.strip("./ "):
        return "names no field; write a path such as spec.replicas, or a JSON pointer such as /spec/replicas"
    if not path.startswith("/") and path.count("[") != path.count("]"):
        return f"{path}: a bracket is not closed; choose an entry of a list as in spec.ports[port=80]"
    return ""


def located(path: str, item: Any) -> Iterator[Location]:
    """Yield where a field is in an object; nothing if the object does not have it.

    Args:
        path: the field, as a rule writes it.
        item: the object.
    """
    if path.startswith("/"):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
        return _pointed(parts, item)
    return _named(path.removeprefix("."), item)


def owned(fields: Mapping[str, Any], item: Any) -> Iterator[Location]:
    """Yield where the fields of an entry of managedFields (FieldsV1) are in an object.

    The keys that identify a list's entries are left out: without them an entry would become another one.
    """
    for node, below in fields.items():
        key = _child(node, item)
        if key is None:
            continue
        if not below:
            yield (key,)
        else:
            identity = [(name,) for name in identity_of(node)]
            yield from ((key, *rest) for rest in owned(below, item[key]) if rest not in identity)


def node_of(fields: Iterable[str], item: Any, key: str | int) -> str:
    """Return FieldsV1's name for an entry of a mapping or a list; empty if it is not among these fields.

    Args:
        fields: names of FieldsV1.
        item: the mapping or the list.
        key: the key or position of the entry.
    """
    if isinstance(item, Mapping):
        return f"f:{key}" if f"f:{key}" in fields else ""
    return next((node for node in fields if _child(node, [item[int(key)]]) is not None), "")


def entry_of(node: str, item: Any) -> Any:
    """Return the entry of a mapping or a list that has this name in FieldsV1; None if there is none."""
    key = _child(node, item)
    return None if key is None else item[key]


def identity_of(node: str) -> Mapping[str, Any]:
    """Return the values by which a list identifies the entry with this FieldsV1 name; empty if it uses no values."""
    found: dict[str, Any] = json.loads(node[2:]) if node.startswith("k:") else {}
    return found


def merged(owned: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the fields of several entries of managedFields."""
    found: dict[str, Any] = {}
    for each in owned:
        for node, below in each.items():
            found[node] = merged([found.get(node, {}), below])
    return found


def is_owned_alone(
    location: Location, live: Any, ours: Mapping[str, Any], theirs: Iterable[Mapping[str, Any]]
) -> bool:
    """Tell whether the server would remove a field if we stopped sending it, because nobody else owns it.

    Args:
        location: the field.
        live: the live object.
        ours: the fields that we own (FieldsV1).
        theirs: the fields that each other manager owns.
    """
    return _owns(ours, live, location) and not any(_owns(each, live, location) for each in theirs)


def place_by_name(item: Any, like: Any) -> int | None:
    """Return the position of the list's entry with the same name; None if there is none."""
    name = _name(like)
    if name is None or not isinstance(item, list):
        return None
    return next((number for number, entry in enumerate(item) if _name(entry) == name), None)


def only(item: Any, location: Location) -> Any:
    """Reduce the item to this one field; None if it does not exist, or a list is on the way to it."""
    if not location:
        return item
    key, rest = location[0], location[1:]
    if isinstance(key, int) or not isinstance(item, Mapping) or key not in item:
        return None
    value = only(item[key], rest)
    return None if value is None else {key: value}


def _owns(owned: Mapping[str, Any], item: Any, location: Location) -> bool:
    """Tell whether a field, or something in it, is among the fields of an entry of managedFields."""
    if not location:
        return True
    node = node_of(owned, item, location[0])
    return bool(node) and (not owned[node] or _owns(owned[node], item[location[0]], location[1:]))


def without(item: Any, locations: Iterable[Location]) -> Any:
    """Return the object without these fields."""
    below = heads(locations)
    gone = {key for key, rests in below.items() if () in rests}
    if isinstance(item, Mapping):
        return {
            key: without(value, below[key]) if key in below else value
            for key, value in item.items()
            if key not in gone
        }
    return [
        without(value, below[number]) if number in below else value
        for number, value in enumerate(item)
        if number not in gone
    ]


def heads(locations: Iterable[Location]) -> dict[str | int, list[Location]]:
    """Group locations by their first step, which is removed from them."""
    found: dict[str | int, list[Location]] = {}
    for location in locations:
        found.setdefault(location[0], []).append(location[1:])
    return found


def written(item: Any, location: Location) -> str:
    """Write a location as plans print it, with entries of a list by their names where they have one."""
    parts: list[str] = []
    for step in location:
        name = item[step].get("name") if isinstance(step, int) and isinstance(item[step], Mapping) else None
        parts.append(str(name or step))
        item = item[step]
    return ".".join(parts)


def _pointed(parts: Sequence[str], item: Any) -> Iterator[Location]:
    if not parts:
        yield ()
        return
    for key in _chosen(parts[0], item):
        yield from ((key, *rest) for rest in _pointed(parts[1:], item[key]))


def _chosen(part: str, item: Any) -> list[str | int]:
    """Return the keys or positions that one step selects."""
    if isinstance(item, Mapping):
        return [key for key in item if part in (_EVERY, key)]
    if not isinstance(item, list):
        return []
    if "=" in part:
        return [number for number, entry in enumerate(item) if _holds(entry, part)]
    return [number for number, entry in enumerate(item) if part in (_EVERY, str(number), _name(entry))]


def _holds(entry: Any, wanted: str) -> bool:
    """Tell whether an entry of a list has all these values: `port=80,protocol=TCP`."""
    pairs = [pair.partition("=") for pair in wanted.split(",")]
    return isinstance(entry, Mapping) and all(_is(entry, key.strip(), value.strip()) for key, _, value in pairs)


def _is(entry: Mapping[str, Any], key: str, text: str) -> bool:
    return key in entry and _text(entry[key]) == text


def _text(value: Any) -> str:
    """Write a value as in YAML: true and null, unlike Python's True and None."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _name(entry: Any) -> str | None:
    return str(entry["name"]) if isinstance(entry, Mapping) and "name" in entry else None


def _named(path: str, item: Any) -> Iterator[Location]:
    if not path:
        yield ()
        return
    for key, rest in _steps(path, item):
        yield from ((key, *below) for below in _named(rest, item[key]))


def _steps(path: str, item: Any) -> Iterator[tuple[str | int, str]]:
    """Yield the entries that a path may begin with, and the rest of the path. Keys may contain dots themselves."""
    if path.startswith("["):
        inside, _, rest = path[1:].partition("]")
        yield from ((key, rest.removeprefix(".")) for key in _chosen(inside, item))
        return
    keys = item.keys() if isinstance(item, Mapping) else range(len(item)) if isinstance(item, list) else ()
    for key in keys:
        names = (_EVERY, str(key)) if isinstance(item, Mapping) else (_EVERY, str(key), _name(item[key]))
        for name in dict.fromkeys(names):
            if name == path or (name and path.startswith((f"{name}.", f"{name}["))):
                yield key, path[len(name) :].removeprefix(".")


def _child(node: str, item: Any) -> str | int | None:
    """Return the key or position of a FieldsV1 name: "f:<key>", "k:{...}", "v:<value>", "i:<number>"."""
    kind, _, rest = node.partition(":")
    if kind == "f":
        return rest if isinstance(item, Mapping) and rest in item else None
    if not isinstance(item, list):
        return None
    return next((number for number, entry in enumerate(item) if _selects(kind, rest, number, entry)), None)


def _selects(kind: str, rest: str, number: int, entry: Any) -> bool:
    if kind == "k" and isinstance(entry, Mapping):
        return all(entry.get(name) == value for name, value in json.loads(rest).items())
    if kind == "v":
        return bool(json.loads(rest) == entry)
    return kind == "i" and int(rest) == number
