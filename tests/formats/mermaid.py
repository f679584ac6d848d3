"""Mermaid flowcharts in Markdown, read strictly: whatever is not exactly a node or an arrow is a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(r"flowchart (LR|TD)")
# Within quotes nothing that Mermaid or HTML gives a meaning, but line breaks and escaped characters.
_LABEL = r"(?:[^\"<>\[\]{}|`#;&\\]|#\d+;|<br/>)+"
_NODE = re.compile(rf"    (n\d+)\[\"({_LABEL})\"\]")
_ARROW = re.compile(r"    (n\d+) --> (n\d+)")


@dataclass(frozen=True)
class Chart:
    """The labels of a flowchart's nodes, as a reader sees them, and its arrows between them."""

    labels: tuple[str, ...]
    arrows: frozenset[tuple[str, str]]


def charts(text: str) -> list[Chart]:
    """Every flowchart in a page; AssertionError names the line that is none of one."""
    return [_chart(block) for block in _BLOCK.findall(text)]


def _chart(block: str) -> Chart:
    head, *lines = block.splitlines()
    assert _HEAD.fullmatch(head), head
    nodes: dict[str, str] = {}
    arrows: list[tuple[str, str]] = []
    for line in lines:
        if node := _NODE.fullmatch(line):
            assert node[1] not in nodes, line
            nodes[node[1]] = _read(node[2])
        else:
            arrow = _ARROW.fullmatch(line)
            assert arrow, line
            arrows.append((nodes[arrow[1]], nodes[arrow[2]]))
    assert nodes, block
    return Chart(tuple(nodes.values()), frozenset(arrows))


def _read(label: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label.replace("<br/>", "\n"))
