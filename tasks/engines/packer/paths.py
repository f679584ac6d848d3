"""Find the local paths in the text of a Packer template: what they lead to, and those that no release can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = ".pkr.hcl"
"""The end of a template's name."""

MANIFEST = "manifest.json"
"""The file that the template's manifest post-processor writes, beside the template."""

_QUOTE = re.compile(r"[\"\s,()=@]+")
_IN_QUOTES = re.compile(r"\"([^\"\n]*)\"")
_OPEN = re.compile(r"\$\{|[*?\[]")
"""Where the literal part of a path ends: at an expression or a wildcard."""

_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)
_ROOT = re.compile(r"\$\{\s*(?:abspath\(\s*)?path\.(?:root|cwd)\s*\)?\s*\}/?")
"""The folder of the template, in which Packer runs."""

_PATHS = re.compile(
    r"(?:^|\{)\s*(?P<key>scripts?|source|sources|playbook_files?|playbook_dir|playbook_paths|roles?_paths?|"
    r"collections_path|group_vars|host_vars|inventory_file|inventory_directory|galaxy_file|user_data_file|cd_files|"
    r"floppy_(?:files|dirs)|http_directory|cookbook_paths|data_bags_path|environments_path|module_paths|"
    r"manifest_file|manifest_dir|hiera_config_path|local_state_tree|local_pillar_roots)"
    r"\s*=\s*(?P<value>\[[^\]]*\]|[^\n]*)",
    re.MULTILINE,
)
"""Arguments of provisioners and builders that are local paths."""

_FUNCTIONS = re.compile(r"\b(?:file|filebase64|templatefile|fileset|pathexpand|abspath)\(\s*(?P<value>[^,)]*)")
_LED_BY_VALUE = re.compile(
    r"(?:^|[\[,]\s*|\")\s*(?:\$\{|(?:var|local|each|data)\."
    r"|(?!(?:file|filebase64|templatefile|fileset|pathexpand|abspath)\()\w+\()"
)
"""A path that begins with a value or a function, so its target is unknown."""

_OF_THE_MACHINE = re.compile(r"^\s*\[?\s*\"(?P<path>[/~][^\"$]*)")
_BLOCKS = re.compile(
    r"^(?=[ \t]*(?:provisioner|post-processor|build|source|variable|locals|packer|data)\b[^=\n]*\{)", re.M
)
_DOWNLOADS = re.compile(r"\bdirection\s*=\s*\"download\"")


def led_to(root: Path, file: Path) -> Iterator[Path]:
    """Yield the files and folders that a template's texts lead to."""
    if not file.name.endswith(TEMPLATE):
        return
    text = _ROOT.sub("", _COMMENT.sub("", file.read_text()))
    given = [match["value"] for match in (*_PATHS.finditer(text), *_FUNCTIONS.finditer(text))]
    paths = {piece for value in given for piece in _QUOTE.split(value)}
    # In quotes, a path may contain spaces and brackets.
    for piece in (*_QUOTE.split(text), *(value for value in _IN_QUOTES.findall(text) if _QUOTE.search(value))):
        end = _OPEN.search(piece)
        literal = piece[: end.start()].rpartition("/")[0] if end else piece
        if literal.strip("./"):
            # A single word that equals the name of a folder is not a path.
            folders = bool(end) or "/" in piece or piece in paths
            yield from (place for place in _leads_to(file.parent, literal) if folders or place.is_file())
    if any(_LED_BY_VALUE.search(value.strip()) for value in given):
        yield root


def of_the_machine(file: Path) -> str:
    """Return an absolute path of a local file that a template names; empty if there is none."""
    if not file.name.endswith(TEMPLATE):
        return ""
    for block in _BLOCKS.split(_COMMENT.sub("", file.read_text())):
        # What a provisioner downloads is a file of the instance.
        keys = ("source", "sources") if _DOWNLOADS.search(block) else ()
        values = (match["value"] for match in _PATHS.finditer(block) if match["key"] not in keys)
        if found := next(filter(None, map(_OF_THE_MACHINE.match, values)), None):
            return found["path"]
    return ""


def _leads_to(folder: Path, literal: str) -> Iterator[Path]:
    place = (folder / literal).resolve()
    try:
        if place.exists() and place.name != MANIFEST and not literal.startswith("/"):
            yield place
    except OSError:
        # The text is longer than a path may be, so it is not a path.
        return
