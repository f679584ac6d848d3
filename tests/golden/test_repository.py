"""What may not be in the repository: addresses of registries, paths of one machine, keys, links that lead nowhere.

The repository is what git tracks or would track. What is looked for is put together from parts here, so that
this file does not find itself.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]

REGISTRIES = "|".join(
    (
        r"pypi\.or" + "g",
        r"pythonhosted\.or" + "g",
        r"npmjs\.(?:org|co" + "m)",
        r"(?:deb|security|snapshot)\.debian\.or" + "g",
        r"proxy\.golang\.or" + "g",
    )
)
INDEX_OPTION = r"--(?:extra-)?index-" + r"url\b[ =]\S*://|--find-" + r"links\b[ =]\S*:/"
HOMES = r"(?<![\w.~}])/(?:home|Users)/[\w.-]+/|(?<![\w.~}/])/(?:root|wor" + r"k)/\w|[A-Z]:\\Users\\"
FORBIDDEN = {
    "the address of a package registry": re.compile(rf"\b(?:{REGISTRIES})\b", re.IGNORECASE),
    "the address of a package index": re.compile(
        r"https?://(?!github\.com/)[^\s\"']+/(?:simple|pypi|npm|debian)\b(?:/|$|[\"'\s])"
    ),
    "an option that names a package index": re.compile(INDEX_OPTION),
    "a path of one machine": re.compile(HOMES),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE " + "KEY-----"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z2-7]{16}\b"),
    "an AWS secret key": re.compile(r"secret_?access_?key[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9/+]{40}\b", re.IGNORECASE),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
}

FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*[\"'])?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
SOMEWHERE_ELSE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


@cache
def repository() -> tuple[str, ...]:
    """The files that git tracks or would track, relative to the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode()
    return tuple(sorted(name for name in found.split("\0") if name and (ROOT / name).is_file()))


def content(name: str) -> str:
    data = (ROOT / name).read_bytes()
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode(errors="replace")


def forbidden_in(text: str) -> Iterator[str]:
    """Each forbidden thing in `text`, with its line."""
    for what, pattern in FORBIDDEN.items():
        for found in pattern.finditer(text):
            yield f"line {text.count(chr(10), 0, found.start()) + 1}: {what}: {found[0]!r}"


def dead_links_in(name: str, text: str, there: frozenset[str]) -> Iterator[str]:
    """The relative links of the page `name` that lead to nothing in `there`, or to no heading of this page."""
    prose = SPAN.sub("``", FENCED.sub("", text))
    for inline, defined in LINK.findall(prose):
        target, _, anchor = (inline or defined).partition("#")
        if SOMEWHERE_ELSE.match(target):
            continue
        if not target and anchor not in anchors(text):
            yield f"#{anchor}"
        if target and normal(PurePosixPath(name).parent / target) not in there:
            yield target


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = [re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(FENCED.sub("", text))]
    return {title.replace(" ", "-") for title in titles}


def normal(path: PurePosixPath) -> str:
    """`path` without . and ..; one that leaves the repository keeps its .. and is in no repository."""
    steps: list[str] = []
    for step in path.parts:
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step != ".":
            steps.append(step)
    return "/".join(steps) or "."


@cache
def files_and_folders() -> frozenset[str]:
    return frozenset(repository()) | {str(parent) for name in repository() for parent in PurePosixPath(name).parents}


def test_the_repository_is_not_empty() -> None:
    assert "tasks/domain/plan.py" in repository()


def test_no_file_holds_what_may_not_be_in_the_repository() -> None:
    found = [f"{name}: {what}" for name in repository() for what in forbidden_in(content(name))]
    assert found == []


def test_every_relative_link_leads_somewhere() -> None:
    pages = [name for name in repository() if name.endswith(".md")]
    dead = [f"{page}: {link}" for page in pages for link in dead_links_in(page, content(page), files_and_folders())]
    assert pages
    assert dead == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the address of a package registry", "see pypi.or" + "g for more"),
        ("the address of a package registry", "https://registry.npmjs.or" + "g/left-pad"),
        ("the address of a package index", "url = https://mirror.example/some/" + "simple"),
        ("an option that names a package index", "pip install --index-" + "url=http://mirror.example x"),
        ("a path of one machine", "open('/home/" + "somebody/flowmart/x')"),
        ("a path of one machine", "cd /wor" + "k/main"),
        ("a path of one machine", "C:" + "\\Users\\somebody"),
        ("a private key", "-----BEGIN RSA PRIVATE " + "KEY-----"),
        ("an AWS access key", "key: AKIA" + "ABCDEFGHIJKLMNOP"),
        ("an AWS secret key", "aws_secret_access_key = " + "abcdefghij" * 4),
        ("a GitHub token", "ghp_" + "0123456789abcdef0123456789abcdef0123"),
    ],
)
def test_a_planted_mistake_is_found(what: str, text: str) -> None:
    assert [found for found in forbidden_in(f"first line\n{text}\n") if found.startswith(f"line 2: {what}: ")]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "registry.terraform.io/hashicorp/aws",
        "https://docs.example/simple-things",
        "infrastructure/work/x and ./root/x",
        "${module.path}/root/x",
        "uv pip compile --no-emit-index-" + "url",
    ],
)
def test_what_is_harmless_is_not_found(text: str) -> None:
    assert list(forbidden_in(text)) == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](b.md)", []),
        ("[a](b.md#part) ![a](../docs/b.md) [docs](.)", []),
        ("[a](c.md)", ["c.md"]),
        ("[a](<c.md>)", ["c.md"]),
        ("[a]: c.md", ["c.md"]),
        ("![a](c.png 'title')", ["c.png"]),
        ('![a](c.png "title")', ["c.png"]),
        ("[a](../../b.md)", ["../../b.md"]),
        ("[a](/docs/b.md)", ["/docs/b.md"]),
        ("[a](https://example.com/c.md) [b](mailto:a@example.com)", []),
        ("`[a](c.md)`\n```\n[a](c.md)\n```\n", []),
        ("# What it does\n[a](#what-it-does)", []),
        ("# What it does\n[a](#what-it-did)", ["#what-it-did"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text: str, dead: list[str]) -> None:
    there = frozenset({"docs/a.md", "docs/b.md", "docs", "."})
    assert list(dead_links_in("docs/a.md", text, there)) == dead
