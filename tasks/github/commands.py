"""Parses the commands that people write in comments: `/flowmart promote staging`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "/flowmart"

HELP = """\
| comment | what it does |
| --- | --- |
| `/flowmart plan` | plan and test this pull request again, in every environment |
| `/flowmart promote [ENVIRONMENT]` | promote what is on the default branch, up to the environment, or to all |
| `/flowmart rollback ENVIRONMENT` | put an environment back on the release that was verified there before |
| `/flowmart approve DIGEST` | approve the plans that wait under this digest |
| `/flowmart refuse DIGEST [why]` | refuse them: the release is rejected there |
| `/flowmart help` | this |

For people with write access to this repository. The comment begins with it; one command a comment.
"""

_TAKES = {"plan": (0, 0), "promote": (0, 1), "rollback": (1, 1), "approve": (1, 1), "refuse": (1, 1), "help": (0, 0)}
"""Command -> its minimum and maximum number of arguments."""

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]*")
_DIGEST = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True)
class Command:
    """A command. `argument`: the environment or digest; `rest`: a reason, in words. Both may be empty."""

    name: str
    argument: str = ""
    rest: str = ""


@dataclass(frozen=True)
class Misunderstood:
    """A comment that addresses the product but is not a valid command; `why` explains it to the author."""

    why: str


def parse(body: str) -> Command | Misunderstood | None:
    """Return the command that a comment begins with; None if the comment does not address the product."""
    line = next((line for line in body.splitlines() if line.strip()), "")
    words = line.split()
    # Four blanks or a tab make a block of code in Markdown, which quotes a command.
    quoted = line.startswith(("    ", "\t"))
    return _command(words[1:]) if words[:1] == [PREFIX] and not quoted else None


def _command(words: list[str]) -> Command | Misunderstood:
    if not words:
        return Command("help")
    name, arguments = words[0].lower(), words[1:]
    if name not in _TAKES:
        return Misunderstood(f"there is no command {words[0]}")
    rest = " ".join(arguments[1:]) if name == "refuse" else ""
    arguments = arguments[:1] if name == "refuse" else arguments
    least, most = _TAKES[name]
    if not least <= len(arguments) <= most:
        return Misunderstood(f"{name} takes {_number(least, most)}")
    argument = arguments[0].lower() if arguments else ""
    return _wrong(name, argument) or Command(name, argument, rest)


def _wrong(name: str, argument: str) -> Misunderstood | None:
    if name in ("approve", "refuse") and not _DIGEST.fullmatch(argument):
        return Misunderstood(f"{name} takes a digest of at least 12 digits")
    if argument and name in ("promote", "rollback") and not _ENVIRONMENT.fullmatch(argument):
        return Misunderstood(f"{name} takes the name of an environment")
    return None


def _number(least: int, most: int) -> str:
    if most == 0:
        return "nothing more"
    return "one argument" if least == most else f"{least} or {most} arguments"
