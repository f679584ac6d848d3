"""Text on GitHub: nothing that is not ours gets out of the place that it is put in. Pure.

Names, messages and plans come from pull requests and tools, so they stand in code: there GitHub reads no Markdown, no
HTML, mentions nobody (@name) and links no issue (#1). What is put there cannot end the code either: a fence is longer
than any run of backticks in it.
"""

from __future__ import annotations

import re

LONGEST = 65_536
"""Characters of a comment or of an issue's body. https://github.com/orgs/community/discussions/27190"""

CUT = "\n\n*The rest does not fit here.*"

_RUNS = re.compile(r"`+")
_FENCE = re.compile(r"^(`{3,})", re.MULTILINE)
# Colours of terminals; controls but for tab and newline; characters that turn text round (CVE-2021-42574).
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def marker(platform: str, key: str) -> str:
    """A hidden line that says which platform's a text of ours is, and what it is for."""
    return f"<!-- {platform}:{re.sub(r'[^A-Za-z0-9./_]+', '-', key)} -->"


def clean(text: str) -> str:
    """Without what a person would not see: colours, controls, characters that change the order of others."""
    return _HIDDEN.sub("\ufffd", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def line(text: str, longest: int) -> str:
    """On one line, with an ellipsis where it is too long; for places that show plain text."""
    one = " ".join(clean(text).split())
    return one if len(one) <= longest else f"{one[: longest - 1]}…"


def code(text: str, longest: int = 1_000) -> str:
    """Some words as code within a line."""
    one = line(text, longest)
    ticks = "`" * (_longest_run(one) + 1)
    # A space keeps a backtick of the text apart from ours; GitHub takes one away on each side.
    padded = f" {one} " if one.startswith("`") or one.endswith("`") or not one else one
    return f"{ticks}{padded}{ticks}"


def cell(text: str) -> str:
    """Code within a table, where a bar ends the cell even in code."""
    return code(text).replace("|", "\\|")


def fence(text: str) -> str:
    """Lines as a block of code."""
    lines = clean(text).strip("\n")
    ticks = "`" * max(3, _longest_run(lines) + 1)
    return f"{ticks}text\n{lines}\n{ticks}"


def folded(summary: str, inside: str) -> str:
    """A part that a click opens. `summary` is HTML of ours; the blank lines make GitHub read what is inside."""
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


def html(text: str, longest: int = 300) -> str:
    """Some words as code in HTML."""
    one = line(text, longest)
    return f"<code>{one.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</code>"


def link(words: str, url: str) -> str:
    """Words of ours that lead to an address; the words alone when there is none."""
    return f"[{words}](<{url}>)" if url else words


def cut(text: str, longest: int = LONGEST) -> str:
    """At most so many characters, ended at a line, with any open block of code closed."""
    if len(text) <= longest:
        return text
    # Room for a fence to be closed, however long it is.
    kept = text[: longest - len(CUT) - 200]
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    open_fence = _open_fence(kept)
    return f"{kept}\n{open_fence}{CUT}"[:longest]


def _open_fence(text: str) -> str:
    """The fence that a text leaves open; nothing when it leaves none."""
    current = ""
    for found in _FENCE.finditer(text):
        if not current:
            current = found[1]
        elif len(found[1]) >= len(current):
            current = ""
    return current


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUNS.findall(text)), default=0)
