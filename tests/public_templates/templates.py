"""Which files of a clone are templates."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.loading import parsed
from tasks.engines.cloudformation import artifacts

ADDRESS = "https://github.com/aws-cloudformation/aws-cloudformation-templates"
_IMAGE = re.compile(r"\bami-[0-9a-f]{8}(?:[0-9a-f]{9})?\b")
_ENDINGS = (".json", ".template", ".yaml", ".yml")
_PIECES = ("RainModules/rest-api.yml",)
"""Modules of Rain that AWS refuses by themselves: an API without methods cannot be deployed."""
_BELOW = {
    "services/private-": "clusters/private-vpc",
    "services/public-": "clusters/public-vpc",
    "cloudformation-codepipeline-": "cloudformation-codebuild-template",
}
"""Which templates import what others export."""


@dataclass(frozen=True)
class PublicTemplate:
    """One template: its path in the clone, its text, what it says, and the folder that it is in."""

    name: str
    text: str
    document: dict[str, Any]
    folder: Path | None = None

    @property
    def has_neighbours(self) -> bool:
        """Whether it names files beside it: code, or templates by a local path."""
        bodies = [body for body in self.document["Resources"].values() if isinstance(body, dict)]
        named = [(body.get("Properties") or {}).get("TemplateURL") for body in bodies]
        local = any(isinstance(url, str) and not artifacts.is_remote(url) for url in named)
        return local or any(True for _ in artifacts.paths(self.document))


def fetched(folder: Path) -> Path:
    """A shallow clone of the public templates, made by git."""
    subprocess.run(["git", "clone", "--quiet", "--depth=1", ADDRESS, str(folder)], check=True)
    return folder


def templates_of(clone: Path) -> Iterator[PublicTemplate]:
    """The templates of a clone, by name: files that declare resources."""
    for path in sorted(path for path in clone.rglob("*") if path.suffix in _ENDINGS and path.is_file()):
        text = path.read_text()
        try:
            document = parsed(text)
        except ValidationError:
            continue
        name = path.relative_to(clone).as_posix()
        if isinstance(document.get("Resources"), dict) and name not in _PIECES:
            yield PublicTemplate(name, text, document, path.parent)


def images_of(templates: Iterable[PublicTemplate]) -> list[str]:
    """The images that templates name: AWS has them, or had."""
    return sorted({image for template in templates for image in _IMAGE.findall(template.text)})


def below_of(name: str) -> str:
    """The template that another needs as a stack first, by name; empty where it needs none."""
    for part, needed in _BELOW.items():
        folder, found, _ = name.partition(part)
        if found:
            return f"{folder}{needed}.yaml"
    return ""
