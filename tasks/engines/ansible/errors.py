"""How a run of ansible-playbook ended: the one table for its exit codes and events.

Sources: `ExitCode` of ansible-core (ansible/cli/__init__.py), and ansible-runner's events `runner_on_failed` and
`runner_on_unreachable`. A run that a signal ended says nothing about the release, whatever it had come to before.
"""

from __future__ import annotations

from tasks.domain.outcome import Outcome
from tasks.engines.ansible.answers import Results

_KEYBOARD_INTERRUPT = 99
_UNKNOWN_ERROR = 250
_SIGNAL_IN_SHELL = 128
"""What a wrapper of ansible-playbook adds to the signal that ended it."""


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
        return Outcome.UNANSWERED
    return Outcome.SUCCEEDED if found.finished else Outcome.FAILED
