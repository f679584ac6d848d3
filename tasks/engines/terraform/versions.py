"""Find the tool version that a unit requires, and compare it with the installed one. Reads files only.

Sources: Terraform's "Version Constraints". tfenv and tenv read `.terraform-version` and `.opentofu-version`, asdf
reads `.tool-versions`. Such a file applies to its folder and all folders below; the nearest one takes precedence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_TOFU = "tofu"
_FILES = {_TOFU: (".opentofu-version", ".tool-versions"), "terraform": (".terraform-version", ".tool-versions")}
_ASDF = {_TOFU: "opentofu", "terraform": "terraform"}


@dataclass(frozen=True)
class Wanted:
    """A version constraint, and the place where it is written."""

    constraint: str
    where: str

    def allows(self, version: str) -> bool:
        """Tell whether the constraint allows a version.

        Raises:
            ValueError: the constraint or the version is invalid.
        """
        try:
            specifiers = SpecifierSet(",".join(_specifier(part) for part in self.constraint.split(",")))
            return specifiers.contains(Version(version), prereleases=True)
        except (InvalidSpecifier, InvalidVersion) as error:
            raise ValueError(f"{self.where}: {self.constraint} is not a version constraint: {error}") from error


def wanted(infrastructure: Path, source: str, executable: str, constraint: str | None) -> Wanted | None:
    """Return the version that a unit requires; None if nothing says so.

    Args:
        infrastructure: the folder that sources are relative to.
        source: the unit's source folder.
        executable: the tool; its name decides which version files apply.
        constraint: the unit's option `version`; it takes precedence over version files.
    """
    if constraint:
        return Wanted(constraint, "version")
    kind = _TOFU if PurePath(executable).name.startswith(_TOFU) else "terraform"
    folder, whole = (infrastructure / source).resolve(), infrastructure.resolve()
    for place in (folder, *folder.parents):
        if not place.is_relative_to(whole):
            return None
        for name in _FILES[kind]:
            if found := _written(place / name, kind):
                return Wanted(found, str((place / name).relative_to(whole)))
    return None


def _written(file: Path, kind: str) -> str:
    """Return the version that a file names; empty if it does not name a number (such as "latest")."""
    if not file.is_file():
        return ""
    lines = [line.partition("#")[0].split() for line in file.read_text().splitlines()]
    if file.name == ".tool-versions":
        found = next((line[1] for line in lines if len(line) > 1 and line[0] == _ASDF[kind]), "")
    else:
        found = next((line[0] for line in lines if line), "")
    found = found.removeprefix("v")
    return found if found[:1].isdigit() else ""


def _specifier(part: str) -> str:
    """Return one part of a constraint in Python's syntax: "~> 1.5" is "~=1.5"."""
    text = part.replace(" ", "")
    if text.startswith("~>"):
        version = text[2:]
        return f"~={version}" if "." in version else f">={version}"
    if text[:1].isdigit():
        return f"=={text}"
    return f"={text}" if text.startswith("=") and not text.startswith("==") else text
