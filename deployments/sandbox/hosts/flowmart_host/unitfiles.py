"""Units as they are written: where a unit's files are, and what is in them: systemd.unit(5), systemd.syntax(7)."""

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
        name: with its kind, as nginx.service.
        path: its file, as the host sees it; empty where there is none.
        state: loaded, not-found, masked or bad-setting.
        error: what is wrong with its file.
        sections: section -> key -> values, drop-in files included.
        dropins: paths of its drop-in files.
        digest: of all its text.
    """

    name: str
    path: str = ""
    state: str = "not-found"
    error: str = ""
    sections: Sections = field(default_factory=dict)
    dropins: tuple[str, ...] = ()
    digest: str = ""

    def all(self, section: str, key: str) -> Sequence[str]:
        """The values of a key that may be given several times."""
        return self.sections.get(section, {}).get(key, ())

    def last(self, section: str, key: str, default: str = "") -> str:
        """The value of a key of which the last one counts."""
        return [default, *self.all(section, key)][-1]

    @property
    def is_service(self) -> bool:
        """Whether it runs programs."""
        return self.name.endswith(".service")

    @property
    def type(self) -> str:
        """How a service starts."""
        return self.last("Service", "Type", "simple" if self.all("Service", "ExecStart") else "oneshot")

    @property
    def installs(self) -> list[str]:
        """The links below /etc/systemd/system that enabling it makes."""
        links = [f"{target}.wants/{self.name}" for target in self._listed("WantedBy")]
        links += [f"{target}.requires/{self.name}" for target in self._listed("RequiredBy")]
        return [*links, *self._listed("Alias")]

    def _listed(self, key: str) -> list[str]:
        return [word for value in self.all("Install", key) for word in value.split()]


def full_name(name: str) -> str:
    """The name with its kind."""
    return name if name.rpartition(".")[2] in _KINDS and "." in name else f"{name}.service"


def load(name: str) -> Unit:
    """The unit of that name or alias."""
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
    """The names of all units of a kind that have a file."""
    there = (file.name for folder in map(place, _SEARCHED) if folder.is_dir() for file in folder.glob(f"*.{kind}"))
    return sorted({*there})


def seen(file: Path) -> str:
    """A file's path as the host has it."""
    return f"/{file.relative_to(place('/'))}"


def _file(name: str) -> Path | None:
    stem, at, rest = name.partition("@")
    wanted = [name, *([f"{stem}@.{rest.rpartition('.')[2]}"] if at else [])]
    candidates = (place(f"{folder}/{each}") for each in wanted for folder in _SEARCHED)
    return next((file for file in candidates if file.is_file() or file.is_symlink()), None)


def _resolved(file: Path) -> Path:
    """The file that a link leads to; links are absolute paths of the host."""
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
                # An empty value takes back what was given before.
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
