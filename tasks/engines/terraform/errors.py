"""Decide whether a failed terraform command was rejected, or something did not respond. The rules are only here.

Terraform describes an error in three layers. The *summary* of a diagnostic is terraform's or the provider's own. The
*detail* is a chain of Go errors, outermost first ("operation error EC2: CreateVpc, https response error StatusCode:
503, api error Unavailable: try later"). Its *links* are the parts between ": " and ", ". They are compared as a
whole, so a queue named "connection-refused-dlq" in a message is not a network error.

These are checked in order, and the first match decides:

1. summaries: rejections by the code itself, and reports that a provider, a program or the command was killed;
2. texts that are final whatever they quote: a wait that timed out, a version that does not exist;
3. an API's error code, then its HTTP status: 408, 429 and 5xx mean unanswered, any other 4xx a rejection;
4. links: network errors of Go, git, the registry and Kubernetes;
5. anything else is a rejection.

Sources: hashicorp/terraform (`internal/plugin6`, `internal/getproviders/errors.go`, `internal/backend`), aws-sdk-go
and aws-sdk-go-v2 (`aws/retry/standard.go`), `k8s.io/apimachinery/pkg/api/errors`, git's `http.c` and `connect.c`.
Recorded errors of each source: `tests/golden/terraform/errors.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks import aws_codes
from tasks.domain.outcome import Outcome
from tasks.engines import go_errors
from tasks.engines.terraform.diagnostics import Diagnostic

LOCKED = "Error acquiring the state lock"
UNRELEASED = "Error releasing the state lock"
STALE = ("Saved plan is stale", "Saved plan does not match the given state")
UNSAVED = ("Failed to save state", "Failed to persist state to backend", "Failed to write state")
INTERRUPTED = ("execution halted", "Request cancelled", "operation canceled", "Operation cancelled")
"""Terraform's errors for the remaining work after it was interrupted."""

_REJECTED_BY_THE_CODE = re.compile(
    r"Invalid value for (input )?variable|(Resource|Module output value) (pre|post)condition failed"
    r"|Check block assertion failed|\S+ provisioner error|External Program (Execution Failed|Lookup Failed)"
)
_KILLED = re.compile(
    r"(?:Error running command '.*'|\nState): signal: (?:killed|terminated|interrupt|hangup)\b", re.DOTALL
)
"""How `local-exec` and the data source `external` report that their program was ended from outside."""
_ENDED = re.compile(
    rf"Plugin did not respond|failed to respond to the plugin|{UNRELEASED}"
    r"|Failed to read any lines from plugin's stdout|state data in S3 does not have the expected content"
)

_FINAL = re.compile(
    r"timeout while waiting for (state to become|resource to be gone)|timed out waiting for the condition"
    r"|does not have a provider named|no available releases match|not found in any of the search locations"
    r"|doesn't match any of the checksums|checksum (mismatch|list has)|admission webhook \"[^\"]*\" denied"
    r"|etcdserver: request is too large"
)

_ANOTHER_VERSION = re.compile(
    r"Unsupported (Terraform|OpenTofu) Core version|state file uses format version \d+, which is not supported"
    r"|state snapshot was created by Terraform v\S+, which is newer"
)
_DAMAGED = re.compile(r"state file (?:could not be parsed as JSON|does not have a \"version\" attribute)")
_DATABASES = frozenset(
    {
        *("08000", "08001", "08003", "08004", "08006", "53000", "53100", "53200", "53300", "57P01", "57P02", "57P03"),
        *("1021", "1040", "1053", "1203"),
    }
)
"""SQLSTATEs and error numbers of MySQL for lost connections, and for servers that start, stop or are full."""
_NO_ANSWER_CODES = aws_codes.THROTTLED | aws_codes.EXPIRED | aws_codes.AT_FAULT | aws_codes.NOT_VALID | _DATABASES
_NEVER_SENT = re.compile(r": (connection refused|no such host|TLS handshake timeout)\b")
_CODES = re.compile(
    # AWS SDK v2, then v1
    aws_codes.SDK_V2 + r"|(?:^|: |\n)(\w+): [^\n]*?\s+status code: \d+"
    # lib/pq and pgx (PostgreSQL's SQLSTATE), go-sql-driver/mysql
    r"|\(SQLSTATE (\w{5})\)|(?:^|: )Error (\d{4})(?: \(\w{5}\))?: "
)
_STATUSES = re.compile(
    r"(?:StatusCode|(?<!exit )[Ss]tatus(?: code)?|response code|HTTP error|returned error|RPC failed; HTTP"
    r"|googleapi: Error|(?:^|: )HTTP)(?::| of|=| =)? ?\"?([1-5]\d\d)\b"
    r"|(?:^|: )([45]\d\d) [A-Z][A-Za-z -]+(?:$|\n| returned from)"
    # a method, an address and its status, as go-github and go-gitlab write them; then Vault
    r"|https?://\S+: ([45]\d\d) |\nCode: ([45]\d\d)\. Errors:"
)
_ATTEMPTS = re.compile(
    r"exceeded maximum number of attempts|the request failed after \d+ attempts|, (?:user)?[rR]ateLimitExceeded\b"
    r"|giving up after \d+ attempt\(s\)"
    rf"|{go_errors.RATE_LIMITED}"
)
"""The client retried too often, or was throttled. Google's and GitHub's APIs also use 403 for throttling."""
_NO_LOGIN = re.compile(
    r'"https?://[^"]*":\s+getting credentials:\s|No valid credential sources (?:for .* )?found'
    r"|HTTP remote state endpoint requires auth"
    rf"|no EC2 IMDS role found|{aws_codes.LOGIN_FAILED}"
)
"""How client-go, the S3 backend, the AWS provider and EC2 report that there is no login, or none that is valid.

A chart may fail with the last words of client-go, too.
"""
_NO_ANSWER_STATUSES = ("408", "429")

_LINKS = re.compile(
    # AWS SDK v2 and v1
    r"(?:request send|send request) failed|request canceled"
    # plugin protocol
    r"|code = (?:Unavailable|Canceled|DeadlineExceeded|Aborted) desc = .*|transport is closing"
    r"|timeout while waiting for plugin to start"
    # git, over HTTPS and SSH
    r"|could not resolve host(?:name \S+)?|failed to connect to .*|couldn't connect to server|early EOF"
    r"|the remote end hung up unexpectedly|kex_exchange_identification"
    # Kubernetes
    r"|an error on the server \(.*\) has prevented the request from succeeding.*|etcdserver"
    r"|the server is currently unable to handle the request.*|the server was unable to return a response in .*"
    r"|the server has received too many requests.*|request did not complete within .*|Unauthorized"
    r"|the object has been modified"
    # databases: PostgreSQL, Go's database/sql, container registries
    r"|the database system is (?:starting up|shutting down|in recovery mode)|too many clients already"
    r"|remaining connection slots are reserved.*|terminating connection due to .*|bad connection|invalid connection"
    r"|toomanyrequests",
    re.IGNORECASE,
)


def outcome(found: Iterable[Diagnostic], exit_code: int) -> Outcome:
    """Return the outcome of a command that failed with these errors: `failed` or `unanswered`.

    It is unanswered after an interruption, a signal or a crash (Terraform's own exit codes are 0, 1 and 2; Go's
    runtime ends with 2, without an error, when memory is exhausted). Of several errors, one rejection is enough: a
    retry would get it again.

    Args:
        found: the errors.
        exit_code: the exit code of the command.
    """
    items = tuple(found)
    crashed = exit_code not in (0, 1, 2) or (exit_code == 2 and not items)
    if crashed or any(item.summary in INTERRUPTED for item in items):
        return Outcome.UNANSWERED
    answered = [item for item in items if not is_unanswered(item)]
    return Outcome.FAILED if answered or not items else Outcome.UNANSWERED


def is_unanswered(item: Diagnostic) -> bool:
    """Tell whether one error means that something did not respond."""
    if item.summary == LOCKED and "Lock Info:" in item.detail:
        return True
    text = f"{item.summary}: {item.detail}" if item.detail else item.summary
    if _ENDED.search(item.summary) or _DAMAGED.search(text):
        return True
    if _REJECTED_BY_THE_CODE.match(item.summary):
        return bool(_KILLED.search(item.detail))
    if _FINAL.search(text) or _is_wait(item):
        return False
    answer = _of_api(text)
    return go_errors.is_unanswered(text, _LINKS) if answer is None else answer


def wants_another_version(found: Iterable[Diagnostic]) -> bool:
    """Tell whether the code (`required_version`) or the state requires another version of the tool."""
    return any(_ANOTHER_VERSION.search(f"{item.summary}: {item.detail}") for item in found)


def lacks_login(found: Iterable[Diagnostic]) -> bool:
    """Tell whether an error says that this machine has no login, or one that is not valid: a retry would not help."""
    texts = [f"{item.summary}: {item.detail}" for item in found]
    return any(aws_codes.NOT_VALID & _codes(text) or _NO_LOGIN.search(text) for text in texts)


def throttled(found: Iterable[Diagnostic]) -> bool:
    """Tell whether an error says that a cloud API throttled the command."""
    texts = [f"{item.summary}: {item.detail}" for item in found]
    return any(aws_codes.THROTTLED & _codes(text) or "429" in _statuses(text) for text in texts)


def lost(found: Iterable[Diagnostic], unfinished: frozenset[str]) -> frozenset[str]:
    """Return the objects whose apply started but did not finish, and may have succeeded all the same.

    Errors name their object, except when a provider dies. Then any object without an error of its own may be
    affected. The same is true if terraform itself was killed, which leaves no error.

    Args:
        found: the errors.
        unfinished: addresses of the objects whose apply started but did not finish.
    """
    items = tuple(found)
    about = {item.address: _is_lost(item) for item in items if item.address}
    silent = not items or any(_is_lost(item) for item in items if not item.address)
    return frozenset(address for address in unfinished if about.get(address, silent))


def _is_lost(item: Diagnostic) -> bool:
    """Tell whether an unanswered request may have been carried out: it was sent, not throttled, and not expired."""
    text = f"{item.summary}: {item.detail}"
    refused = throttled([item]) or lacks_login([item]) or bool(aws_codes.EXPIRED & _codes(text))
    return is_unanswered(item) and not refused and not _NEVER_SENT.search(text)


def _is_wait(item: Diagnostic) -> bool:
    """Tell whether Helm's wait for readiness timed out; its error is only Go's text for a deadline."""
    return item.address.startswith("helm_release.") and item.summary == "context deadline exceeded"


def _of_api(text: str) -> bool | None:
    """Tell whether an API's error code or HTTP status means unanswered; None if there is neither."""
    codes, statuses = _codes(text), _statuses(text)
    if _ATTEMPTS.search(text) or codes & _NO_ANSWER_CODES or _NO_LOGIN.search(text):
        return True
    said = next((status for status in statuses if status[0] in "45"), "")
    return (said[0] == "5" or said in _NO_ANSWER_STATUSES) if said else None


def _codes(text: str) -> frozenset[str]:
    return frozenset(code for found in _CODES.findall(text) for code in found if code)


def _statuses(text: str) -> tuple[str, ...]:
    """Return the HTTP statuses in a text, outermost first: inner ones may only be quoted."""
    return tuple(status for found in _STATUSES.findall(text) for status in found if status)
