"""Map a failed build of Packer's to an outcome: the one table for its exit codes and machine-readable errors.

Packer exits with 1 whatever happened. The reason is in its `error` rows: AWS's response, in the form of the Go SDK
that the amazon plugin uses, or Packer's own text. AWS's codes are judged by the table that all engines share.

Sources: Packer's "Machine-readable output"; the error forms of the AWS SDK for Go, v1 ("Code: message", then a line
"status code: 403, request id: ...") and v2 ("https response error StatusCode: 403, ..., api error Code: message");
for Packer's own texts its source (step_connect_ssh.go, step_connect_winrm.go, the cancellation of a build).
"""

from __future__ import annotations

import re

from tasks import aws_codes, aws_errors
from tasks.domain.outcome import Outcome
from tasks.engines import go_errors

_SIGNAL_IN_SHELL = 128
_CRASHED = 2
"""Go's runtime ends with it, when memory is exhausted for example. Packer itself does not."""
_V1 = re.compile(r"^(.*): [^\n]*\n?\s*status code: \d+", re.MULTILINE)
_V2 = re.compile(aws_codes.SDK_V2)
_STATUS = re.compile(r"StatusCode: (\d+)|status code: (\d+)")

NO_RESPONSE = (
    "RequestError: send request failed",
    "RequestCanceled: request context canceled",
    "request send failed",
    "Timeout waiting for SSH",
    "Timeout waiting for WinRM",
    "Build was cancelled",
    "Cleanly cancelled builds after being interrupted",
    "plugin process exited",
    "Plugin exited before we could connect",
    "Script disconnected unexpectedly",
    "non-zero exit status: 2300218",
)
"""Exact messages of the SDK and Packer if a host or AWS did not respond, or the build was interrupted.

2300218 is Packer's own exit status for a script whose connection was lost (`packer.CmdDisconnect`).
"""


def outcome_of(why: str, exit_code: int) -> Outcome:
    """Return the outcome of a build that did not succeed.

    Args:
        why: Packer's own reasons (`commands.reasons`), without what Ansible or scripts wrote.
        exit_code: negative if a signal ended Packer.
    """
    if exit_code < 0 or exit_code > _SIGNAL_IN_SHELL or exit_code == _CRASHED:
        return Outcome.UNANSWERED
    if any(text in why for text in NO_RESPONSE):
        return Outcome.UNANSWERED
    meanings = {aws_errors.meaning_of_code(code, status, why) for code, status in _answers(why)}
    if meanings:
        return Outcome.UNANSWERED if meanings & (aws_errors.UNANSWERED | aws_errors.HERE) else Outcome.FAILED
    return Outcome.UNANSWERED if go_errors.is_unanswered(why) else Outcome.FAILED


def _answers(why: str) -> list[tuple[str, int]]:
    """Return the codes of AWS's responses, with their HTTP statuses."""
    statuses = [int(one or other) for one, other in _STATUS.findall(why)]
    # In v1 the code follows what Packer was doing, and that text may contain colons too.
    codes = [word for line in _V1.findall(why) for word in line.split(": ")]
    codes += [one or other for one, other in _V2.findall(why)]
    last = statuses[-1] if statuses else 0
    return [(code, last) for code in codes] or [("", status) for status in statuses]
