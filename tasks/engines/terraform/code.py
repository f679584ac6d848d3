"""Parse a folder of Terraform code into blocks, from HCL and from its JSON form. Nothing is evaluated.

python-hcl2 supports a little less than Terraform does. Byte order marks, blanks after a heredoc marker and non-ASCII
identifiers are replaced before parsing; the identifiers are restored afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks import yaml12
from tasks.domain.errors import InvalidInput

ENDINGS = (".tf", ".tofu", ".tf.json", ".tofu.json")
"""The file name endings of code."""
_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "backend": 1,
}
_HEREDOC = re.compile(r"<<-?(\w+)\n(.*)\n\s*\1", re.DOTALL)
_MARKER = re.compile(r"(<<-?\w+)[ \t]+$", re.MULTILINE)
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_STAND_IN = re.compile(r"_u([0-9a-f]+)_u_")


@dataclass(frozen=True)
class Block:
    """One block: `resource "aws_vpc" "this" {...}` has the kind "resource" and two labels. `file` is its file."""

    kind: str
    labels: tuple[str, ...]
    body: Mapping[str, Any]
    file: Path

    @property
    def name(self) -> str:
        """The last label; empty if there is none."""
        return self.labels[-1] if self.labels else ""

    def inner(self, kind: str) -> tuple[Block, ...]:
        """Return the nested blocks of a kind."""
        return tuple(_blocks(kind, self.body.get(kind), self.file))


def files(folder: Path) -> list[Path]:
    """Return the files of the module in a folder, in Terraform's order: override files come last."""
    found = (file for file in folder.glob("*") if file.is_file() and file.name.endswith(ENDINGS))
    return sorted((file for file in found if not file.name.startswith((".", "#"))), key=_in_order)


def blocks(folder: Path, *kinds: str) -> tuple[Block, ...]:
    """Return the blocks of these kinds in a folder's code.

    Raises:
        InvalidInput: names the file that cannot be read.
    """
    return tuple(
        block for file in files(folder) for kind in kinds for block in _blocks(kind, _read(file).get(kind), file)
    )


def readable_blocks(folder: Path, *kinds: str) -> tuple[Block, ...]:
    """Return the same, without unreadable files: Terraform itself reports what is wrong with them."""
    return tuple(block for file in files(folder) for block in blocks_in(file, *kinds))


def blocks_in(file: Path, *kinds: str) -> tuple[Block, ...]:
    """Return the blocks of these kinds in one file of any name; empty if it cannot be read."""
    try:
        content = _read(file)
    except InvalidInput:
        return ()
    return tuple(block for kind in kinds for block in _blocks(kind, content.get(kind), file))


def values(file: Path) -> Mapping[str, Any]:
    """Return the values in a file of variables, HCL or JSON.

    Raises:
        InvalidInput: the file cannot be read.
    """
    return _read(file)


def address(reference: Any) -> str:
    """Return the address in a reference such as `from = aws_vpc.this`."""
    return re.sub(r"^\$\{|\}$", "", str(reference)).strip()


def _in_order(file: Path) -> tuple[bool, str]:
    stem = file.name.split(".")[0]
    return stem == "override" or stem.endswith("_override"), file.name


def _blocks(kind: str, content: Any, file: Path) -> Iterator[Block]:
    for labels, body in _unfolded(content, _LABELS.get(kind, 0)):
        yield Block(kind, labels, body, file)


def _unfolded(content: Any, depth: int) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield bodies with their labels. In JSON there may be a list at any level."""
    if isinstance(content, list):
        for item in content:
            yield from _unfolded(item, depth)
    elif isinstance(content, Mapping) and depth == 0:
        yield (), content
    elif isinstance(content, Mapping):
        for label, inner in content.items():
            yield from (((label, *labels), body) for labels, body in _unfolded(inner, depth - 1))


def _read(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        found = yaml12.load_json(text) if file.suffix == ".json" else _from_hcl(text)
    except Exception as error:  # The parser raises many types.
        what = "JSON" if file.suffix == ".json" else "HCL"
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InvalidInput(f"{file}: cannot be read as {what}: {reason}") from error
    return found if isinstance(found, Mapping) else {}


@lru_cache(maxsize=512)
def _from_hcl(text: str) -> Any:
    # Imported late: most commands read no code, and the parser is slow to import.
    import hcl2

    text = _MARKER.sub(r"\1", text.replace("\r\n", "\n"))
    text = text if text.endswith("\n") else f"{text}\n"
    ascii_text = _FOREIGN.sub(lambda found: f"_u{ord(found[0]):x}_u_", text)
    return _plain(hcl2.loads(ascii_text))


def _plain(value: Any) -> Any:
    """Remove the quotes, the heredoc markers and python-hcl2's own keys from what it parsed."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = _STAND_IN.sub(lambda found: chr(int(found[1], 16)), value)
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    document = _HEREDOC.fullmatch(text[1:-1])
    return document[2] if document else _unescaped(text)


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
