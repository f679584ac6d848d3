"""The registry of engines: the built-in ones, and those that installed packages add.

A built-in engine is imported on first use, because reading platform.yaml needs only names and options. A package adds
an engine with an entry point of the group `flowmart.engines`. Entry points are loaded on the first lookup. If a
package is broken, only platforms that use its engine are refused, with the reason; the others keep working.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby
from operator import attrgetter

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Engine, Options
from tasks.settings import Settings

GROUP = "flowmart.engines"
"""The entry point group; https://packaging.python.org/en/latest/specifications/entry-points/."""


def installed() -> Iterable[EntryPoint]:
    """Return the entry points of engines in installed packages, in a stable order."""
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, _package(point)))


@dataclass(frozen=True)
class BuiltIn:
    """A built-in engine: `ENGINE` in `tasks/engines/<name>/engine.py`, and the model of its options."""

    name: str
    options: type[Options] = Options

    def load(self) -> Engine:
        """Import the engine and return its registration."""
        engine: Engine = import_module(f"tasks.engines.{self.name}.engine").ENGINE
        return engine


class Registry(Mapping[str, Engine]):
    """The usable engines by name.

    Raises:
        InvalidInput: on lookup of an engine that cannot be used, with the reason.
    """

    def __init__(self, built_in: Sequence[BuiltIn], declared: Callable[[], Iterable[EntryPoint]] = installed) -> None:
        self._built_in = {engine.name: engine for engine in built_in}
        self._declared = declared

    @property
    def unusable(self) -> Mapping[str, str]:
        """The engines that cannot be used, each with the reason and the remedy."""
        return {name: str(found) for name, found in self._found.items() if isinstance(found, InvalidInput)}

    def __getitem__(self, name: str) -> Engine:
        found = self._usable(name)
        return found.load() if isinstance(found, BuiltIn) else found

    def options(self, name: str) -> type[Options]:
        """Return the model of a unit's block of options."""
        return self._usable(name).options

    def __contains__(self, name: object) -> bool:
        return isinstance(self._found.get(str(name)), BuiltIn | Engine)

    def __iter__(self) -> Iterator[str]:
        return (name for name, found in self._found.items() if not isinstance(found, InvalidInput))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _usable(self, name: str) -> BuiltIn | Engine:
        found = self._found[name]
        if isinstance(found, InvalidInput):
            raise found
        return found

    @cached_property
    def _found(self) -> Mapping[str, BuiltIn | Engine | InvalidInput]:
        """Every engine by name, or the reason why it cannot be used."""
        found: dict[str, BuiltIn | Engine | InvalidInput] = {**self._built_in}
        for name, points in groupby(self._declared(), key=attrgetter("name")):
            try:
                found[name] = self._only(name, tuple(points))
            except InvalidInput as error:
                found[name] = error
        return found

    def _only(self, name: str, points: Sequence[EntryPoint]) -> Engine:
        origins = ["flowmart itself"] if name in self._built_in else []
        origins += map(_package, points)
        if len(origins) > 1:
            both = " and ".join(origins)
            raise InvalidInput(f"engine {name} is in {both}; uninstall one, or rename its entry point")
        return _loaded(points[0])


def _loaded(point: EntryPoint) -> Engine:
    origin = f"engine {point.name} of {_package(point)}"
    try:
        engine = point.load()
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        raise InvalidInput(f"{origin} cannot be imported: {why}; repair or uninstall the package") from error
    if not isinstance(engine, Engine):
        raise InvalidInput(f"{origin}: {point.value} is a {type(engine).__name__}; it must be an Engine")
    if engine.name != point.name:
        raise InvalidInput(f"{origin} registers itself as {engine.name}; give the entry point that name")
    if engine.executable and engine.setting in Settings.model_fields:
        raise InvalidInput(f"{origin}: {engine.variable} is a setting of flowmart; set `setting` of the Engine")
    return engine


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
