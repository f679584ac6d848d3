"""The engines there are: those of the product, and those that installed packages add.

A package adds an engine with an entry point of the group `flowmart.engines`. Entry points are loaded when somebody
asks for an engine for the first time, so that a broken package does not stop commands that need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Engine
from tasks.settings import Settings

GROUP = "flowmart.engines"
"""The entry point group; https://packaging.python.org/en/latest/specifications/entry-points/."""


def installed() -> Iterable[EntryPoint]:
    """The engines that installed packages declare, in a stable order."""
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, _package(point)))


class Registry(Mapping[str, Engine]):
    """Engine name -> its registration. Every access raises `InvalidInput` while an installed engine is broken."""

    def __init__(self, built_in: Sequence[Engine], declared: Callable[[], Iterable[EntryPoint]] = installed) -> None:
        self._built_in = built_in
        self._declared = declared

    def __getitem__(self, name: str) -> Engine:
        return self._engines[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    @cached_property
    def _engines(self) -> Mapping[str, Engine]:
        found = {engine.name: engine for engine in self._built_in}
        origins = dict.fromkeys(found, "flowmart itself")
        for point in self._declared():
            if point.name in found:
                both = f"{origins[point.name]} and {_package(point)}"
                raise InvalidInput(f"engine {point.name} is in {both}; uninstall one, or rename its entry point")
            found[point.name], origins[point.name] = _loaded(point), _package(point)
        return found


def _loaded(point: EntryPoint) -> Engine:
    origin = f"engine {point.name} of {_package(point)}"
    try:
        engine = point.load()
    except Exception as error:
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
