"""How a run of ansible-playbook ended: the one table for its exit codes and events.

Sources: `ExitCode` of ansible-core (ansible/cli/__init__.py), and ansible-runner's events `runner_on_failed` and
`runner_on_unreachable`. A run that a signal ended says nothing about the release, whatever it had come to before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.domain.outcome import Outcome
from tasks.engines.ansible.answers import Results

_KEYBOARD_INTERRUPT = 99
_UNKNOWN_ERROR = 250
_SIGNAL_IN_SHELL = 128
"""What a wrapper of ansible-playbook adds to the signal that ended it."""


_DENIED = re.compile(
    r"Permission denied|Host key verification failed|HOST IDENTIFICATION HAS CHANGED|Too many authentication failures"
    r"|Unable to negotiate with"
)
"""What OpenSSH (sshconnect.c, sshconnect2.c) says where a host, or a bastion before it, refuses the login."""


_FINAL = re.compile(r"Function not implemented|Operation not supported|Unsupported parameters for ")
"""What no earlier task mends: what a host cannot do at all (ENOSYS, EOPNOTSUPP), and what a module does not take."""


def is_final(failure: str) -> bool:
    """Whether a task that failed in a rehearsal fails in earnest, too, whatever earlier tasks would have changed."""
    return bool(_FINAL.search(failure))


def are_denied(unreachable: Iterable[str]) -> bool:
    """Whether every host that could not be reached refused us: that is an answer, and the same one each time."""
    lines = tuple(unreachable)
    return bool(lines) and all(_DENIED.search(line) for line in lines)


def was_ended(exit_code: int) -> bool:
    """Whether somebody ended the run, or Ansible itself broke: a signal, Ctrl-C, an exception of its own."""
    by_signal = exit_code < 0 or _SIGNAL_IN_SHELL < exit_code < _SIGNAL_IN_SHELL + 65
    return by_signal or exit_code in (_KEYBOARD_INTERRUPT, _UNKNOWN_ERROR)


def outcome_of(found: Results, exit_code: int) -> Outcome:
    """What a run says about the release.

    Args:
        found: what its events add up to.
        exit_code: negative when a signal ended the run.
    """
    if was_ended(exit_code):
        return Outcome.UNANSWERED
    if found.failed:
        return Outcome.FAILED
    if found.unreachable:
        return Outcome.FAILED if are_denied(found.unreachable) else Outcome.UNANSWERED
    return Outcome.SUCCEEDED if found.finished else Outcome.FAILED
