"""Runs the `output` check: an assertion on an output of the unit.

Failed: the output is missing or differs. Unanswered: the output is sensitive, and the check asserts more than its
presence. Its value is masked before it gets here.
"""

from __future__ import annotations

import re
from typing import Any

from tasks.checks.answers import Answer, Surroundings, failed, judged, shortened, unanswered
from tasks.checks.options import Output
from tasks.domain.values import MASK


def expected(options: Output) -> str:
    """Return what the check expects, as a phrase for people."""
    if options.present is not None:
        return f"output {options.name} is {'present' if options.present else 'absent'}"
    if options.matches is not None:
        return f"output {options.name} matches {options.matches}"
    if options.at_least is not None:
        return f"output {options.name} is at least {options.at_least:g}"
    return f"output {options.name} is {_worded(options.equals)}"


def ask(options: Output, around: Surroundings) -> Answer:
    """Compare once; a retry sees the same outputs."""
    value = around.outputs.get(options.name)
    if options.present is not None:
        return judged((value is not None) is options.present, "absent" if value is None else "present")
    if value is None:
        return failed(f"no such output; there are: {', '.join(sorted(around.outputs)) or 'none'}")
    if value == MASK:
        return unanswered("the output is sensitive; assert `present` instead of its value")
    return _compared(options, value)


def _compared(options: Output, value: Any) -> Answer:
    if options.matches is not None:
        right = isinstance(value, str) and re.search(options.matches, value) is not None
        return judged(right, _worded(value))
    if options.at_least is not None:
        return _counted(float(options.at_least), value)
    return judged(value == options.equals, _worded(value))


def _counted(at_least: float, value: Any) -> Answer:
    if isinstance(value, list | dict):
        return judged(len(value) >= at_least, f"{len(value)} entries")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return judged(value >= at_least, f"{value:g}")
    return failed(f"{_worded(value)}, which is not a number, list or map")


def _worded(value: Any) -> str:
    return shortened(value if isinstance(value, str) else repr(value))
