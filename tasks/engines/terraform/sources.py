"""Find the files that a terraform root reads: its folder, and every local path its code may lead to, transitively.

A unit's digest must change whenever anything that the unit reads changes; otherwise the unit would count as up to
date. Terraform resolves paths at run time. So if in doubt, this includes too much and causes an unneeded plan:

| in the code | counts as read |
| --- | --- |
| the root's folder, a module's folder | everything in it |
| a path with `..` anywhere | what it names, from the file's folder and from the root's |
| `"../config/app-${var.size}.json"`, `format("../%s", x)` | the longest literal folder: `../config`, `..` |
| a file function whose path is not literal, `dirname` | everything below infrastructure/ |
| a path with `..` in values: variables, JSON, YAML, inputs | what it names, from every folder of code that is read |

The same rules apply to Terragrunt's configuration, except for paths that follow an expression. Those start in a
folder above the unit (`dirname(find_in_parent_folders("root.hcl"))`), so all of these folders are tried. `run_cmd`
may read anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.domain.errors import InvalidInput
from tasks.engines.terraform.code import ENDINGS

_CONFIGURATION = ".hcl"
_NOT_CODE = frozenset({".terraform", ".flowmart"})
"""Folders of fetched content. The content that a release contains counts through a file of its own."""
_VALUES = (".tfvars", ".json", ".yaml", ".yml")
_SCRIPTS = (".sh", ".py", ".tpl", ".tftpl")
_PATH = re.compile(
    r"(\$\{\s*(?:path\.\w+|get_(?:original_)?terragrunt_dir\(\))\s*\}/|\})?((?:[\w.@+-]+/|/)*(?<![\w.])\.\.(?![\w.])(?:/[\w.@+-]*)*)([$%*?{]?)"
)
"""Its groups: what the path begins with, the path, and what follows if the path goes on."""
_IN_QUOTES = re.compile(
    r"([\"'])((?:[^\"'\n]*\})?)([^\"'$%{}*?\n]*(?<![\w.])\.\.(?![\w.])[^\"'$%{}*?\n]*)([\"'$%*?{])"
)
"""The same groups for a path in quotes, after the quote: it may contain spaces and any other character."""
_QUOTE = re.compile(r"[\"']")
_PLAIN = re.compile(r"^[^#\n]*?[:-][ \t]+()()([^\"'#\n:]*\.\.[^\"'#\n]*)()$")
"""The same groups for a line of YAML whose value has no quotes."""
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_LONGEST_NAME = 255
"""The longest name of a file in bytes: NAME_MAX of Linux."""
_BESIDE_PATHS = re.compile(r"[^\w.@+/${}()%*?-]+")
"""Characters that paths do not contain. Long texts are split at them first: `_PATH` reads a long word many times."""
_LONGEST = 4096
"""The longest path in characters: PATH_MAX of Linux."""
_FILE_FUNCTION = re.compile(
    r"\b(?:file|filebase64|templatefile|fileset|fileexists|file(?:base64)?(?:md5|sha1|sha256|sha512))\(\s*"
    r"(?P<path>\"[^\"]*\"|[^\s,)]*)"
)
_ON_THE_MACHINE = re.compile(
    r"^(?:(?!#|//).)*?\b(?:template)?file(?:base64|(?:base64)?(?:md5|sha1|sha256|sha512))?\(\s*(?:pathexpand\(\s*)?"
    r"\"((?:~|/[A-Za-z])[^\"]*)\"",
    re.MULTILINE,
)
"""A function that reads a file of the machine. Another machine may have another content there, or no file."""
_FOLLOWED = re.compile(
    r"path\.(module|root|cwd)$"
    r"|\"(\$\{\s*(path\.(module|root|cwd)|get_(original_)?terragrunt_dir\(\))\s*\}(/|\"$)|(?!/)[^\"$%{])"
)
_OUTSIDE = "which is outside of infrastructure/ and so not in a release: move it there, or add it to `paths`"
_UPWARDS, _RUNS = re.compile(r"\bdirname\("), re.compile(r"\brun_cmd\(")


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return the paths of all files that the root at `source` may read, relative to `infrastructure` and sorted.

    Raises:
        InvalidInput: the root reads something outside of a release.
    """
    return reads_from(infrastructure, source, [infrastructure / source])


def reads_from(
    infrastructure: Path, source: str, places: Iterable[Path], values: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the same for a unit that consists of several files and folders.

    Args:
        infrastructure: the folder that sources are relative to.
        source: the unit's source folder.
        places: the files and folders to start from.
        values: texts that the unit's code gets, which may contain paths.

    Raises:
        InvalidInput: the unit reads something outside of a release.
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
    text = _unescaped(file.read_text(errors="replace"))
    bases = {file.parent, root}
    # Only the root's own code counts: a module's folder may contain examples that nobody runs.
    if file.parent == root and file.name.endswith(ENDINGS) and (outside := _ON_THE_MACHINE.search(text)):
        raise InvalidInput(f"{file.relative_to(whole)}: reads {outside[1]}, {_OUTSIDE}")
    if file.name.endswith(ENDINGS) and _leads_anywhere(text, _UPWARDS):
        yield whole
    if file.name.endswith(_CONFIGURATION):
        bases |= {folder for folder in root.parents if folder.is_relative_to(whole)}
        if _leads_anywhere(text, _RUNS):
            yield whole
    for begins, written, more in (*_PATH.findall(text), *_quoted(text)):
        if begins == "}" and not file.name.endswith(_CONFIGURATION):
            yield whole
            continue
        path = _written_out(written, begins, more)
        yield from (found.resolve() for base in bases if (found := base / path).exists())


def _quoted(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the paths in quotes as `_PATH` finds others: what each begins with, the path, and what follows it."""
    # Each part between quotes is searched alone, because the expression would read a long line many times.
    for part in _QUOTE.split(text)[1:]:
        line, more, _ = part.partition("\n")
        for begins, path, ends in _found(_IN_QUOTES, f'"{line}' if more else f'"{line}"'):
            # `_PATH` decides what an expression before the path means.
            yield begins and "${path.module}/", path, ends.strip("\"'")


def _found(expression: re.Pattern[str], line: str) -> Iterator[tuple[str, str, str]]:
    """Yield what an expression finds in a line: what each path begins with, the path, and what follows it."""
    if ".." in line and len(line) <= _LONGEST:
        for _, begins, path, more in expression.findall(line):
            if _may_exist(path):
                yield begins, path, more


def _unescaped(text: str) -> str:
    """Write the characters out that HCL and JSON allow to be written as \\uNNNN."""
    if "\\u" not in text:
        return text
    return _ESCAPED.sub(lambda found: json.loads(f'"{found[0]}"').encode(errors="replace").decode(), text)


def _may_exist(path: str) -> bool:
    return all(len(name.encode()) <= _LONGEST_NAME for name in path.split("/"))


def _valued(files: Iterable[Path], given: Iterable[str], whole: Path) -> Iterator[Path]:
    """Yield the targets of paths in values, from every folder: only Terraform knows which module uses a path."""
    known = sorted(files)
    folders = {file.parent for file in known if file.name.endswith(ENDINGS)}
    texts = (file.read_text(errors="replace") for file in known if file.name.endswith((*ENDINGS, *_VALUES)))
    written = {*given}.union(*map(_loose, texts))
    reached = {(folder / path).resolve() for folder in folders for path in written if (folder / path).exists()}
    yield from sorted(path for path in reached if path.is_relative_to(whole) and path != whole)


def _loose(text: str) -> set[str]:
    """Return the paths with `..` in a text, each up to its last literal part."""
    text = _unescaped(text)
    words = (word for word in _BESIDE_PATHS.split(text) if ".." in word and len(word) <= _LONGEST)
    lines = (found for line in text.split("\n") for found in _found(_PLAIN, line))
    plain = ((begins, path.strip(), more) for begins, path, more in lines)
    paths = (*(each for word in words for each in _PATH.findall(word)), *_quoted(text), *plain)
    found = (_written_out(path, begins, more) for begins, path, more in paths)
    return {path for path in found if path and not path.startswith("/")}


def _written_out(path: str, begins: str, more: str) -> str:
    path = path.lstrip("/") if begins else path
    return path.rpartition("/")[0] if more and not path.endswith("..") else path


def _leads_anywhere(text: str, elsewhere: re.Pattern[str]) -> bool:
    """Tell whether a path is not literal, so that it may lead anywhere."""
    paths = (found["path"] for found in _FILE_FUNCTION.finditer(text))
    return bool(elsewhere.search(text)) or not all(_FOLLOWED.match(path) for path in paths)


def _clamped(path: Path, whole: Path, source: str) -> Path:
    """Return the path to count as read: `whole` for a folder that contains it, else the path itself."""
    if whole.is_relative_to(path):
        return whole
    if not path.is_relative_to(whole):
        raise InvalidInput(f"{source}: reads {path}, {_OUTSIDE}")
    return path
