"""Smoke checks: what is asked of a unit right after it was applied, and what counts as an answer.

`options` is what may be declared, `references` fills in the unit's outputs, one module a kind asks (`network`,
`outputs`, `aws`, `script`, `kubernetes`), and `running` asks again until it is good or the time is up. A check ends
in one of three ways: it passed, it failed (the answer is wrong), or it got no answer. Only the
second is a reason to roll back, so every kind says in its docstring where it draws that line.
"""

from tasks.checks.answers import Surroundings
from tasks.checks.options import OPTIONS
from tasks.checks.running import run, services

__all__ = ["OPTIONS", "Surroundings", "run", "services"]
