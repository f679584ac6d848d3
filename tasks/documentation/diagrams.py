"""Renders flowcharts in Mermaid: nodes with labels, and arrows between them. Pure.

https://mermaid.js.org/syntax/flowchart.html: a label in quotes may hold anything but quotes, and `#NUMBER;` stands
for a character. Node names are generated, because a unit may be called `end`, which Mermaid misreads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_PLAIN = frozenset(" .,:/()+=-")
"""Characters that need no escape in a label, besides letters and digits."""


def flowchart(labels: Mapping[str, str], arrows: Iterable[tuple[str, str]], direction: str = "LR") -> str:
    """Return a flowchart in a fenced block.

    Args:
        labels: {node: its label}; a line break is kept.
        arrows: pairs of nodes: from, to. Arrows of nodes without a label are left out.
        direction: `LR` or `TD`.
    """
    names = {node: f"n{place}" for place, node in enumerate(labels)}
    nodes = [f'    {names[node]}["{label(text)}"]' for node, text in labels.items()]
    lines = [f"    {names[a]} --> {names[b]}" for a, b in arrows if a in names and b in names]
    return "\n".join(["```mermaid", f"flowchart {direction}", *nodes, *lines, "```"])


def label(text: str) -> str:
    """Escape a text as a label."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "<br/>".join("".join(_character(each) for each in line) for line in lines)


def _character(each: str) -> str:
    return each if each.isalnum() or each in _PLAIN else f"#{ord(each)};"
