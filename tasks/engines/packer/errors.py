"""Why a build of Packer's ended badly: the one table for its exit codes and machine-readable errors.

Packer ends with 1 whatever happened. Why is in its `error` rows: what AWS answered, in the form of the Go SDK that
the amazon plugin uses, or Packer's own text. AWS's codes are judged by the table that all of us use.

Sources: Packer's "Machine-readable output"; the error forms of the AWS SDK for Go, v1 ("Code: message", then a line
"status code: 403, request id: ...") and v2 ("https response error StatusCode: 403, ..., api error Code: message");
for Packer's own texts its source (step_connect_ssh.go, step_connect_winrm.go, the cancellation of a build).
"""

from __future__ import annotations

import re

from tasks import aws_errors
from tasks.domain.outcome import Outcome

_SIGNAL_IN_SHELL = 128
_V1 = re.compile(r"^(.*): [^\n]*\n?\s*status code: \d+", re.MULTILINE)
_V2 = re.compile(r"api error (\w+)")
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
    "unexpected EOF",
)
"""What the SDK and Packer say, word for word, where nobody answered or somebody ended the build."""


def outcome_of(why: str, exit_code: int) -> Outcome:
    """What a build that did not succeed says about the release.

    Args:
        why: the reasons that `commands.errors` found.
        exit_code: negative when a signal ended Packer.
    """
    if exit_code < 0 or exit_code > _SIGNAL_IN_SHELL:
        return Outcome.UNANSWERED
    if any(text in why for text in NO_RESPONSE):
        return Outcome.UNANSWERED
    meanings = {aws_errors.meaning_of_code(code, status) for code, status in _answers(why)}
    return Outcome.UNANSWERED if meanings & aws_errors.UNANSWERED else Outcome.FAILED


def _answers(why: str) -> list[tuple[str, int]]:
    """The codes, with their HTTP statuses, that AWS answered with."""
    statuses = [int(one or other) for one, other in _STATUS.findall(why)]
    # In v1 the code stands behind what Packer was doing, and that may hold colons too.
    codes = [*_V2.findall(why), *(word for line in _V1.findall(why) for word in line.split(": "))]
    last = statuses[-1] if statuses else 0
    return [(code, last) for code in codes] or [("", status) for status in statuses]
