"""Map the exit code and events of ansible-playbook to an outcome: the one table for all of them.

Sources: `ExitCode` of ansible-core (ansible/cli/__init__.py), and ansible-runner's events `runner_on_failed` and
`runner_on_unreachable`. A run that was ended by a signal says nothing about the release, whatever happened before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks import aws_codes
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


_LOCKED = re.compile(
    r"Attempting to decrypt but no vault secrets found|Decryption failed \(no vault secrets were found"
    r"|A vault password (?:or secret )?must be specified to decrypt|The vault password file \S+ was not found"
    r"|Could not read vault password file|The vault password script \S+ was not executable"
    r"|Vault password client script \S+ (?:did not find a secret|returned non-zero)"
    r"|Vault password: [\s\S]*EOFError \(ctrl-d\) on prompt for"
)
"""Messages of Ansible (parsing/vault/__init__.py) if it has no password, or another one, for an encrypted value."""


LOCKED = (
    "this machine has no password that decrypts a value of Ansible Vault; name the password's file in"
    " ANSIBLE_VAULT_PASSWORD_FILE or ANSIBLE_VAULT_IDENTITY_LIST"
)

_LOST = re.compile(
    r"HTTP (?:Code|Error):? (?:408|429|5\d\d)|\b(?:408|429|5\d\d) (?:Client|Server) Error: "
    r"|<urlopen error (?!\[SSL: CERTIFICATE|unknown url type|no host given)|Max retries exceeded with url"
    r"|Could not connect to the endpoint URL|(?:Connect|Read) timeout on endpoint URL"
    r"|Connection was closed before we received a valid response|[Cc]ould not resolve host"
    r"|[Ff]ailed to connect to|Couldn't connect to server|returned error: (?:408|429|5\d\d)|[Tt]imed out"
    r"|Connection (?:reset|refused|timed out|aborted)|the remote end hung up unexpectedly"
    r"|(?:Temporary failure in name resolution|Name or service not known|No space left on device|early EOF)"
)
"""Texts of ansible-galaxy and git, and of urllib, requests and botocore (plugins), when a server does not respond.

A status counts only with the words around it: a path such as "/tmp/build-429/" may stand in any message.
"""

_OF_AWS = re.compile(r"An error occurred \((\w+)\) when calling the \w+ operation")
_AWS_UNANSWERED = aws_codes.THROTTLED | aws_codes.AT_FAULT | aws_codes.EXPIRED

_NO_LOGIN = re.compile(
    r"Unable to locate credentials|Insufficient boto credentials|Partial credentials found in "
    r"|The config profile \([^)]*\) could not be found|Error loading SSO Token|The SSO session associated with "
    r"|Error when retrieving (?:credentials|token) from "
)
"""Messages of botocore's exceptions, and of amazon.aws, if this machine has no login for AWS."""


def is_lost(said: str) -> bool:
    """Tell whether a server of roles, collections or hosts did not respond, or could not for now."""
    return bool(_LOST.search(said)) or bool(_AWS_UNANSWERED & {*_OF_AWS.findall(said)})


def is_without_login(said: str) -> bool:
    """Tell whether a plugin found no login for AWS on this machine, or one that AWS does not accept."""
    refused = bool(aws_codes.NOT_VALID & {*_OF_AWS.findall(said)}) or aws_codes.LOGIN_FAILED in said
    return refused or bool(_NO_LOGIN.search(said))


def is_locked(said: str) -> bool:
    """Tell whether this machine has no password that decrypts a value of a vault."""
    return bool(_LOCKED.search(said))


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
