"""Check the `build` blocks of a template: a unit builds one image, and its manifest names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.engines.packer.paths import MANIFEST
from tasks.engines.packer.sources import parsed, templates


def refuse_several(folder: Path, only: str = "") -> None:
    """Check that a template builds exactly one image, because a unit's outputs name one image.

    Args:
        folder: the template.
        only: the pattern of the image to build, as for Packer's -only; empty for all.

    Raises:
        InvalidInput: it builds none, or more than one.
    """
    known, wanted = _known(folder), chosen(folder, only)
    if not only and not wanted:
        raise InvalidInput(f"{folder}: builds no image of AWS: list amazon-* sources in its build")
    if only and not wanted:
        raise InvalidInput(
            f"{folder}: packer.only: {only} is none of its images; they are {', '.join(known) or 'none'}"
        )
    if len(wanted) > 1:
        told = f"builds {len(wanted)} images ({', '.join(wanted)}), and a unit is one image"
        raise InvalidInput(f"{folder}: {told}: make a unit of each, with packer: {{only: {wanted[0]}}}")
    if len([name for build in _builds(folder) for name in build if name in wanted]) > 1:
        raise InvalidInput(
            f"{folder}: builds {wanted[0]} more than once, and a unit is one image: give each a source"
        )


def chosen(folder: Path, only: str) -> list[str]:
    """Return the names of the images that are built, as Packer names them."""
    return [name for name in _known(folder) if not only or any(fnmatchcase(n, only) for n in (name, alone(name)))]


def _known(folder: Path) -> list[str]:
    return sorted({name for build in _builds(folder) for name in build})


def _builds(folder: Path) -> Iterator[list[str]]:
    """Yield the images of each build as Packer names them: TYPE.NAME, after the name of the build if it has one."""
    for build in _blocks(folder):
        listed = build.get("sources", ())
        if isinstance(listed, str) or any("source" in [*map(_plain, each)] for each in build.get("dynamic", ())):
            raise InvalidInput(f"{folder}: what it builds is only known when Packer runs: list its sources")
        sources = [str(name).strip('"').removeprefix("source.") for name in listed]
        sources += [key.strip('"') for block in build.get("source", ()) for key in block if not key.startswith("__")]
        called = str(build.get("name", "")).strip('"')
        yield [f"{called}.{name}".removeprefix(".") for name in sources if name.startswith("amazon-")]


def refuse_without_manifest(folder: Path) -> None:
    """Check that a build writes the manifest, because only the manifest shows what was built.

    Raises:
        InvalidInput: none does.
    """
    written = [_plain(about.get("output", "")) for build in _blocks(folder) for about in _manifests(build)]
    if not any(PurePath(file).name == MANIFEST for file in written):
        told = f'add post-processor "manifest" {{ output = "${{path.root}}/{MANIFEST}" }} to its build'
        raise InvalidInput(f"{folder}: writes no {MANIFEST}, by which its image is found: {told}")


def _manifests(build: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    in_turn = [each for chain in build.get("post-processors", ()) for each in chain.get("post-processor", ())]
    for block in [*build.get("post-processor", ()), *in_turn]:
        yield from (about for name, about in block.items() if _plain(name) == "manifest")


def _blocks(folder: Path) -> Iterator[Mapping[str, Any]]:
    for file in templates(folder):
        yield from parsed(file).get("build", [])


def _plain(text: Any) -> str:
    return str(text).strip('"')


def alone(name: str) -> str:
    """Return TYPE.NAME of an image, without its build's name."""
    return name[name.index("amazon-") :]
