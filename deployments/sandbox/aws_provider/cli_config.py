"""Builds Terraform's CLI configuration for the sandbox: the user's own, with another source of hashicorp/aws.

Mirrors, caches, credentials and hosts stay as they are. The language is HCL 1, which allows quoted names, and no
available parser reads it. So this module finds blocks by their brackets, and keeps the text of everything else.

https://developer.hashicorp.com/terraform/cli/config/config-file
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput

HOSTS = ("registry.terraform.io", "registry.opentofu.org")
"""The registries where Terraform and OpenTofu look for a provider named hashicorp/aws."""

PROVIDERS = tuple(f"{host}/hashicorp/aws" for host in HOSTS)

_INSTALLING = ("provider_installation",)
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\n]|[^\s{}"]+')
_EXCLUDE = re.compile(r'(?<!["\w])exclude\s*=\s*\[')
_OVERRIDE = re.compile(r'"(?:[\w.-]+/)?hashicorp/aws"\s*=\s*"[^"]*"')


@dataclass(frozen=True)
class Block:
    """A block `words { inside }`. `whole` is its complete text, including the words."""

    words: tuple[str, ...]
    inside: str
    whole: str


def merged(own: Mapping[Path, str], source: str, otherwise: str) -> str:
    """Return the text of the merged CLI configuration.

    Args:
        own: {file: its text} for each of the user's files.
        source: the method of `provider_installation` for hashicorp/aws; empty to install it like all other providers.
        otherwise: the methods for all other providers, used if the user's files name none.

    Raises:
        InvalidInput: the brackets of a file do not match.
    """
    texts = {file: _without_comments(_as_hcl(file, text)) for file, text in own.items()}
    found = (block for file, text in texts.items() for block in blocks(text, file))
    installing = [block for block in found if block.words == _INSTALLING]
    methods = "".join(block.inside for block in installing) or otherwise
    kept = "\n".join(texts.values())
    for block in installing:
        kept = kept.replace(block.whole, "")
    silent = "" if "disable_checkpoint" in kept else "disable_checkpoint = true\n"
    return f"{kept.strip()}\n{silent}provider_installation {{\n{_methods(methods, source)}}}\n".lstrip()


def method(kind: str, **arguments: str | Sequence[str]) -> str:
    """Return the text of one method of `provider_installation`. Arguments without a value are omitted."""
    lines = (f"    {name} = {json.dumps(value)}\n" for name, value in arguments.items() if value)
    return f"  {kind} {{\n{''.join(lines)}  }}\n"


def blocks(text: str, file: Path) -> list[Block]:
    """Return the outermost blocks of a text.

    Args:
        text: HCL without comments.
        file: the file that the error message names.

    Raises:
        InvalidInput: the brackets do not match.
    """
    found, words, depth, start, opened = list[Block](), list[str](), 0, 0, 0
    for token in _TOKEN.finditer(text):
        piece = token.group()
        if piece == "{":
            depth, opened = depth + 1, opened if depth else token.end()
        elif piece == "}":
            depth -= 1
            if depth == 0:
                found.append(Block(tuple(words), text[opened : token.start()], text[start : token.end()]))
                words = []
        elif depth == 0:
            start = start if words else token.start()
            words = [] if piece == "\n" else [*words, piece]
        if depth < 0:
            break
    if depth:
        raise InvalidInput(f"{file}: its brackets do not match, so the sandbox cannot add its provider; correct it")
    return found


def _methods(text: str, source: str) -> str:
    found = blocks(text, Path("provider_installation"))
    # Terraform requires these before all other methods.
    overrides = [block for block in found if block.words == ("dev_overrides",)]
    others = [block for block in found if block.words != ("dev_overrides",)]
    if not source:
        return "".join(f"  {block.whole}\n" for block in (*overrides, *others))
    first = [f"  {_OVERRIDE.sub('', block.whole)}\n" for block in overrides]
    return "".join([*first, source, *(f"  {' '.join(b.words)} {{{_without_aws(b.inside)}}}\n" for b in others)])


def _without_aws(inside: str) -> str:
    names = json.dumps(PROVIDERS)[1:-1]
    if _EXCLUDE.search(inside):
        return _EXCLUDE.sub(lambda begin: f"{begin.group()}{names}, ", inside)
    return f"{inside.rstrip()}\n    exclude = [{names}]\n  "


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found.group(1) or "", text)


def _as_hcl(file: Path, text: str) -> str:
    if file.suffix != ".json":
        return text
    return "".join(_setting(name, value) for name, value in json.loads(text).items())


def _setting(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return f"{name} = {json.dumps(value)}\n"
    return "".join(f"{name} {json.dumps(label)} {_body(body)}\n" for label, body in value.items())


def _body(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    lines = (f"  {json.dumps(name)} = {_body(part)}\n" for name, part in value.items())
    return "{\n" + "".join(lines) + "}"
