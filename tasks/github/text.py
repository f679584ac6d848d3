"""Formats text for GitHub so that foreign text cannot break out of its place. Pure.

Names, messages and plans come from pull requests and tools, so they are written as code. There GitHub interprets no
Markdown and no HTML, mentions nobody (@name) and links no issue (#1). The text cannot end the code either: a fence is
longer than any run of backticks in it.
"""

from __future__ import annotations

import re

LONGEST = 65_536
"""Maximum length of a comment or an issue's body. https://github.com/orgs/community/discussions/27190"""

CUT = "\n\n*The rest does not fit here.*"

_RUNS = re.compile(r"`+")
_FENCE = re.compile(r"^(`{3,})", re.MULTILINE)
# Terminal colours; control characters except tab and newline; characters that reverse text (CVE-2021-42574).
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def marker(platform: str, key: str) -> str:
    """Return a hidden line that identifies the platform and purpose of a text."""
    return f"<!-- {platform}:{re.sub(r'[^A-Za-z0-9./_]+', '-', key)} -->"


def clean(text: str) -> str:
    """Remove or replace what a person cannot see: colours, controls, and characters that reorder text."""
    return _HIDDEN.sub("\ufffd", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def line(text: str, longest: int) -> str:
    """Put a text on one line, with an ellipsis if it is too long; for places that show plain text."""
    one = " ".join(clean(text).split())
    return one if len(one) <= longest else f"{one[: longest - 1]}…"


def code(text: str, longest: int = 1_000) -> str:
    """Format a text as code within a line."""
    one = line(text, longest)
    ticks = "`" * (_longest_run(one) + 1)
    # A space separates a backtick of the text from the fence; GitHub strips one on each side.
    padded = f" {one} " if one.startswith("`") or one.endswith("`") or not one else one
    return f"{ticks}{padded}{ticks}"


def cell(text: str) -> str:
    """Format a text as code within a table, where a bar ends the cell even in code."""
    return code(text).replace("|", "\\|")


def fence(text: str) -> str:
    """Format lines as a code block."""
    lines = clean(text).strip("\n")
    ticks = "`" * max(3, _longest_run(lines) + 1)
    return f"{ticks}text\n{lines}\n{ticks}"


def folded(summary: str, inside: str) -> str:
    """Format a section that a click opens. `summary` must be trusted HTML; blank lines let GitHub render `inside`."""
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


def html(text: str, longest: int = 300) -> str:
    """Format a text as code in HTML."""
    one = line(text, longest)
    return f"<code>{one.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</code>"


def link(words: str, url: str) -> str:
    """Format a link; return only the words if there is no address. `words` must be trusted text."""
    return f"[{words}](<{url}>)" if url else words


def cut(text: str, longest: int = LONGEST) -> str:
    """Cut a text to a number of characters at the end of a line, and close any open code block."""
    if len(text) <= longest:
        return text
    # Leave space to close a fence of any length.
    kept = text[: longest - len(CUT) - 200]
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    open_fence = _open_fence(kept)
    return f"{kept}\n{open_fence}{CUT}"[:longest]


def _open_fence(text: str) -> str:
    """Return the fence that a text leaves open; "" if there is none."""
    current = ""
    for found in _FENCE.finditer(text):
        if not current:
            current = found[1]
        elif len(found[1]) >= len(current):
            current = ""
    return current


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUNS.findall(text)), default=0)
