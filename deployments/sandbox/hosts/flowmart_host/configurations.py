"""Check whether a program could read its configuration: its files exist, and their braces match."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .root import Failed, place

_NAMED_BY = ("-c", "-f")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_INCLUDED = re.compile(r"^\s*include\s+([^\s;]+)\s*;", re.MULTILINE)


def named(arguments: Sequence[str]) -> str:
    """Return the configuration file that a command line names; empty if it names none."""
    given = [arguments[after] for after, word in enumerate(arguments[:-1], 1) if word in _NAMED_BY]
    return next((word for word in given if word.startswith("/")), "")


def check(program: str, file: str, *, braces: bool) -> None:
    """Check a configuration file and the files that it includes.

    Args:
        program: The program's name, for messages.
        file: The absolute path on the host.
        braces: The format has braces, so check them and follow includes.

    Raises:
        Failed: The program could not read the configuration.
    """
    path = place(file)
    if not path.is_file():
        raise Failed(f'{program}: [emerg] open() "{file}" failed (2: No such file or directory)')
    text = _QUOTED.sub('""', _COMMENT.sub("", path.read_text(errors="replace")))
    if not braces:
        return
    _check_braces(program, file, text)
    for included in _INCLUDED.findall(text):
        absolute = included if included.startswith("/") else f"{file.rpartition('/')[0]}/{included}"
        folder, _, pattern = absolute.rpartition("/")
        if "*" not in pattern:
            check(program, absolute, braces=True)
        for each in sorted(place(folder).glob(pattern)) if "*" in pattern else ():
            check(program, f"{folder}/{each.name}", braces=True)


def _check_braces(program: str, file: str, text: str) -> None:
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        depth += line.count("{") - line.count("}")
        if depth < 0:
            raise Failed(f'{program}: [emerg] unexpected "}}" in {file}:{number}')
    if depth:
        raise Failed(f'{program}: [emerg] unexpected end of file, expecting "}}" in {file}')
    end = text.rstrip()[-1:]
    if end and end not in ";}":
        raise Failed(f'{program}: [emerg] unexpected end of file, expecting ";" or "}}" in {file}')
