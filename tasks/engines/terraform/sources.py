"""Which files a terraform root reads: its own folder, and every local path that its code may lead to, transitively.

A release's digest of a unit must change whenever something that the unit reads does, or the unit is taken for up to
date. Terraform resolves paths at run time, so this can only err on the side of planning once too often:

| in the code | counts as read |
| --- | --- |
| the root's folder, a module's folder | everything in it |
| a path with `..` in it, in whatever place | what it names, from the file's folder and from the root's |
| `"../config/app-${var.size}.json"`, `format("../%s", x)` | the longest folder written out: `../config`, `..` |
| a file function whose path is not written out, `dirname` | everything below infrastructure/ |
| a path with `..` in values: variables, JSON, YAML, inputs | what it names, from every folder of code that is read |

The configuration of Terragrunt is read by the same rules, but for paths behind an expression. Those begin in a folder
above the unit (`dirname(find_in_parent_folders("root.hcl"))`): all of these are tried. `run_cmd` may read anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.domain.errors import InvalidInput
from tasks.engines.terraform.code import ENDINGS

_CONFIGURATION = ".hcl"
_NOT_CODE = frozenset({".terraform", ".flowmart"})
"""Folders of what is fetched; what of it is in a release, and what it is, counts by a file of its own."""
_VALUES = (".tfvars", ".json", ".yaml", ".yml")
_SCRIPTS = (".sh", ".py", ".tpl", ".tftpl")
_PATH = re.compile(
    r"(\$\{\s*(?:path\.\w+|get_(?:original_)?terragrunt_dir\(\))\s*\}/|\})?((?:[\w.@+-]+/|/)*(?<![\w.])\.\.(?![\w.])(?:/[\w.@+-]*)*)([$%*?{]?)"
)
"""What it begins with, the path, and what follows where that is not the end of it."""
_BESIDE_PATHS = re.compile(r"[^\w.@+/${}()%*?-]+")
"""What no path has in it: a long text is split there first, since `_PATH` reads a long word many times."""
_LONGEST = 4096
"""Characters of a path: PATH_MAX of Linux."""
_FILE_FUNCTION = re.compile(
    r"\b(?:file|filebase64|templatefile|fileset|fileexists|file(?:base64)?(?:md5|sha1|sha256|sha512))\(\s*"
    r"(?P<path>\"[^\"]*\"|[^\s,)]*)"
)
_ON_THE_MACHINE = re.compile(
    r"^(?:(?!#|//).)*?\b(?:template)?file(?:base64|(?:base64)?(?:md5|sha1|sha256|sha512))?\(\s*(?:pathexpand\(\s*)?"
    r"\"((?:~|/[A-Za-z])[^\"]*)\"",
    re.MULTILINE,
)
"""A file of the machine that a function reads: another content on the next machine, or none."""
_FOLLOWED = re.compile(
    r"path\.(module|root|cwd)$"
    r"|\"(\$\{\s*(path\.(module|root|cwd)|get_(original_)?terragrunt_dir\(\))\s*\}(/|\"$)|(?!/)[^\"$%{])"
)
_OUTSIDE = "which is outside of infrastructure/ and so not in a release: move it there, or add it to `paths`"
_UPWARDS, _RUNS = re.compile(r"\bdirname\("), re.compile(r"\brun_cmd\(")


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Paths, relative to `infrastructure`, of all files that the root at `source` may read; sorted.

    Raises:
        InvalidInput: It reads what is outside of a release.
    """
    return reads_from(infrastructure, source, [infrastructure / source])


def reads_from(
    infrastructure: Path, source: str, places: Iterable[Path], values: Iterable[str] = ()
) -> tuple[str, ...]:
    """The same of a unit at `source` that consists of several files and folders (`places`).

    `values` are texts that its code is given, in which there may be paths.
    """
    whole, root = infrastructure.resolve(), (infrastructure / source).resolve()
    found: set[Path] = set()
    done: set[Path] = set()
    given = _loose("\n".join(values))
    waiting = [place.resolve() for place in places]
    while waiting:
        place = waiting.pop()
        if place in done:
            continue
        done.add(place)
        for file in _files(place):
            if file not in found:
                found.add(file)
                waiting += [_clamped(path, whole, source) for path in _named(file, root, whole)]
        if not waiting:
            waiting = [path for path in _valued(found, given, whole) if path not in done]
    return tuple(sorted(str(file.relative_to(whole)) for file in found))


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = (file for file in place.rglob("*") if not _NOT_CODE & {*file.relative_to(place).parts})
    return [file for file in found if file.is_file()]


def _named(file: Path, root: Path, whole: Path) -> Iterator[Path]:
    if not file.name.endswith((*ENDINGS, *_SCRIPTS, _CONFIGURATION)):
        return
    text = file.read_text(errors="replace")
    bases = {file.parent, root}
    # A module may have examples in its folder, which nobody runs.
    if file.parent == root and file.name.endswith(ENDINGS) and (outside := _ON_THE_MACHINE.search(text)):
        raise InvalidInput(f"{file.relative_to(whole)}: reads {outside[1]}, {_OUTSIDE}")
    if file.name.endswith(ENDINGS) and _leads_anywhere(text, _UPWARDS):
        yield whole
    if file.name.endswith(_CONFIGURATION):
        bases |= {folder for folder in root.parents if folder.is_relative_to(whole)}
        if _leads_anywhere(text, _RUNS):
            yield whole
    for begins, written, more in _PATH.findall(text):
        if begins == "}" and not file.name.endswith(_CONFIGURATION):
            yield whole
            continue
        path = _written_out(written, begins, more)
        yield from (found.resolve() for base in bases if (found := base / path).exists())


def _valued(files: Iterable[Path], given: Iterable[str], whole: Path) -> Iterator[Path]:
    """What paths in values lead to: which module adds one to `path.module` is known to Terraform alone."""
    known = sorted(files)
    folders = {file.parent for file in known if file.name.endswith(ENDINGS)}
    texts = (file.read_text(errors="replace") for file in known if file.name.endswith((*ENDINGS, *_VALUES)))
    written = {*given}.union(*map(_loose, texts))
    reached = {(folder / path).resolve() for folder in folders for path in written if (folder / path).exists()}
    yield from sorted(path for path in reached if path.is_relative_to(whole) and path != whole)


def _loose(text: str) -> set[str]:
    """The paths with `..` in a text, each up to where it is no longer written out."""
    words = (word for word in _BESIDE_PATHS.split(text) if ".." in word and len(word) <= _LONGEST)
    found = (_written_out(path, begins, more) for word in words for begins, path, more in _PATH.findall(word))
    return {path for path in found if path and not path.startswith("/")}


def _written_out(path: str, begins: str, more: str) -> str:
    path = path.lstrip("/") if begins else path
    return path.rpartition("/")[0] if more and not path.endswith("..") else path


def _leads_anywhere(text: str, elsewhere: re.Pattern[str]) -> bool:
    """Whether there is a path that is not written out: then it may be any."""
    paths = (found["path"] for found in _FILE_FUNCTION.finditer(text))
    return bool(elsewhere.search(text)) or not all(_FOLLOWED.match(path) for path in paths)


def _clamped(path: Path, whole: Path, source: str) -> Path:
    """A path that counts as read; all of `whole` in place of what is around it."""
    if whole.is_relative_to(path):
        return whole
    if not path.is_relative_to(whole):
        raise InvalidInput(f"{source}: reads {path}, {_OUTSIDE}")
    return path
