"""Unit files: find and parse them, as in systemd.unit(5) and systemd.syntax(7)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .root import place

OWN, RUNTIME, PACKAGED = "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system"
_SEARCHED = (OWN, RUNTIME, PACKAGED)
_KINDS = ("service", "timer", "socket", "path", "target", "mount", "automount", "slice", "swap", "device", "scope")
_TYPES = ("simple", "exec", "forking", "oneshot", "notify", "notify-reload", "dbus", "idle")

Sections = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Unit:
    """One unit.

    Attributes:
        name: The name with its kind, such as nginx.service.
        path: Its file, as the host sees it; empty if it has none.
        state: loaded, not-found, masked or bad-setting.
        error: What is wrong with its file.
        sections: Values by section and key, including those of drop-in files.
        dropins: Paths of its drop-in files.
        digest: The SHA-256 of all its text, in hexadecimal.
    """

    name: str
    path: str = ""
    state: str = "not-found"
    error: str = ""
    sections: Sections = field(default_factory=dict)
    dropins: tuple[str, ...] = ()
    digest: str = ""

    def all(self, section: str, key: str) -> Sequence[str]:
        """Return all values of a key that may occur several times."""
        return self.sections.get(section, {}).get(key, ())

    def last(self, section: str, key: str, default: str = "") -> str:
        """Return the value of a key whose last occurrence counts."""
        return [default, *self.all(section, key)][-1]

    @property
    def is_service(self) -> bool:
        """Tell whether the unit is a service."""
        return self.name.endswith(".service")

    @property
    def type(self) -> str:
        """Return how a service starts."""
        return self.last("Service", "Type", "simple" if self.all("Service", "ExecStart") else "oneshot")

    @property
    def installs(self) -> list[str]:
        """Return the links below /etc/systemd/system that enabling the unit creates."""
        links = [f"{target}.wants/{self.name}" for target in self._listed("WantedBy")]
        links += [f"{target}.requires/{self.name}" for target in self._listed("RequiredBy")]
        return [*links, *self._listed("Alias")]

    def _listed(self, key: str) -> list[str]:
        return [word for value in self.all("Install", key) for word in value.split()]


def full_name(name: str) -> str:
    """Return the name with its kind. The default kind is service."""
    return name if name.rpartition(".")[2] in _KINDS and "." in name else f"{name}.service"


def load(name: str) -> Unit:
    """Return the unit with this name or alias. Its state tells whether it was found."""
    file = _file(name)
    if file is None:
        return Unit(name)
    if file.resolve() == Path("/dev/null"):
        return Unit(name, seen(file), "masked")
    real = _resolved(file)
    own = name if "@" in name else real.name
    dropins = tuple(_dropins(own))
    texts = [each.read_text(errors="replace") for each in (real, *dropins)]
    sections = _merged(texts)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    unit = Unit(own, seen(real), "loaded", "", sections, tuple(map(seen, dropins)), digest)
    error = _fault(unit)
    return Unit(own, unit.path, "bad-setting", error, sections, unit.dropins, digest) if error else unit


def names(kind: str) -> list[str]:
    """Return the sorted names of all units of a kind that have a file."""
    there = (file.name for folder in map(place, _SEARCHED) if folder.is_dir() for file in folder.glob(f"*.{kind}"))
    return sorted({*there})


def seen(file: Path) -> str:
    """Return a file's path as the host sees it."""
    return f"/{file.relative_to(place('/'))}"


def _file(name: str) -> Path | None:
    stem, at, rest = name.partition("@")
    wanted = [name, *([f"{stem}@.{rest.rpartition('.')[2]}"] if at else [])]
    candidates = (place(f"{folder}/{each}") for each in wanted for folder in _SEARCHED)
    return next((file for file in candidates if file.is_file() or file.is_symlink()), None)


def _resolved(file: Path) -> Path:
    """Resolve a link. Absolute links are paths on the host."""
    if not file.is_symlink():
        return file
    target = file.readlink()
    return place(str(target)) if target.is_absolute() else file.parent / target


def _dropins(name: str) -> Iterator[Path]:
    found: dict[str, Path] = {}
    for folder in reversed(_SEARCHED):
        found |= {file.name: file for file in place(f"{folder}/{name}.d").glob("*.conf")}
    yield from (found[each] for each in sorted(found))


def _merged(texts: Sequence[str]) -> Sections:
    merged: dict[str, dict[str, list[str]]] = {}
    for text in texts:
        section: dict[str, list[str]] = {}
        for line in _lines(text):
            if line.startswith("["):
                section = merged.setdefault(line.strip("[]"), {})
            elif "=" in line:
                key, _, value = (part.strip() for part in line.partition("="))
                # An empty value resets earlier ones.
                section[key] = [*section.get(key, []), value] if value else []
    return merged


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and line.strip()[0] not in "#;":
            yield line.strip()


def _fault(unit: Unit) -> str:
    if not unit.is_service:
        return ""
    if unit.type not in _TYPES:
        return f"Service has an unknown Type={unit.type}."
    starts = unit.all("Service", "ExecStart")
    if not starts and not (unit.last("Service", "RemainAfterExit") == "yes" or unit.all("Service", "ExecStop")):
        return "Service lacks both ExecStart= and ExecStop= setting. Refusing."
    if len(starts) > 1 and unit.type != "oneshot":
        return (
            "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing."
        )
    return ""
