"""Map the exit code and events of ansible-playbook to an outcome: the one table for all of them.

Sources: `ExitCode` of ansible-core (ansible/cli/__init__.py), and ansible-runner's events `runner_on_failed` and
`runner_on_unreachable`. A run that was ended by a signal says nothing about the release, whatever happened before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.domain.outcome import Outcome
from tasks.engines.ansible.answers import Results

_KEYBOARD_INTERRUPT = 99
_UNKNOWN_ERROR = 250
_SIGNAL_IN_SHELL = 128
"""The number that a wrapper script of ansible-playbook adds to the signal that ended it."""


_DENIED = re.compile(
    r"Permission denied|Host key verification failed|HOST IDENTIFICATION HAS CHANGED|Too many authentication failures"
    r"|Unable to negotiate with"
)
"""Messages of OpenSSH (sshconnect.c, sshconnect2.c) when a host, or a bastion before it, refuses the login."""


_FINAL = re.compile(r"Function not implemented|Unsupported parameters for ")
"""Failures that no earlier task can prevent: a missing system call (ENOSYS), and a parameter the module lacks."""


_LOST = re.compile(
    r"HTTP (?:Code|Error):? (?:408|429|5\d\d)|<urlopen error (?!\[SSL: CERTIFICATE|unknown url type|no host given)"
    r"|[Cc]ould not resolve host"
    r"|[Ff]ailed to connect to|Couldn't connect to server|returned error: (?:408|429|5\d\d)|[Tt]imed out"
    r"|Connection (?:reset|refused|timed out|aborted)|the remote end hung up unexpectedly"
    r"|(?:Temporary failure in name resolution|Name or service not known|No space left on device|early EOF)"
)
"""Texts of ansible-galaxy (urllib's errors) and of git, when a server of roles or collections does not respond."""


def is_lost_fetch(said: str) -> bool:
    """Tell whether ansible-galaxy failed because a server did not respond."""
    return bool(_LOST.search(said))


def is_final(failure: str) -> bool:
    """Tell whether a task that failed in a rehearsal would fail in an apply too, whatever earlier tasks change."""
    return bool(_FINAL.search(failure))


def are_denied(unreachable: Iterable[str]) -> bool:
    """Tell whether all unreachable hosts refused the login. That is an answer, and a retry would not change it."""
    lines = tuple(unreachable)
    return bool(lines) and all(_DENIED.search(line) for line in lines)


def was_ended(exit_code: int) -> bool:
    """Tell whether the run was interrupted or Ansible itself crashed: a signal, Ctrl-C, or its own exception."""
    by_signal = exit_code < 0 or _SIGNAL_IN_SHELL < exit_code < _SIGNAL_IN_SHELL + 65
    return by_signal or exit_code in (_KEYBOARD_INTERRUPT, _UNKNOWN_ERROR)


def outcome_of(found: Results, exit_code: int) -> Outcome:
    """Return the outcome of an apply.

    Args:
        found: the results of the run's events.
        exit_code: the exit code of the process; negative if a signal ended it.

    Returns:
        `UNANSWERED` if the run was interrupted or hosts did not respond, otherwise `SUCCEEDED` or `FAILED`.
    """
    if was_ended(exit_code):
        return Outcome.UNANSWERED
    if found.failed:
        return Outcome.FAILED
    if found.unreachable:
        return Outcome.FAILED if are_denied(found.unreachable) else Outcome.UNANSWERED
    return Outcome.SUCCEEDED if found.finished else Outcome.FAILED
