"""Whether a failed terraform command was rejected or got no answer: the one table of it.

Terraform says what happened in three layers. The *summary* of a diagnostic is terraform's or the provider's own.
The *detail* is a chain of Go errors, outermost first ("operation error EC2: CreateVpc, https response error
StatusCode: 503, api error Unavailable: try later"). Its *links*, the parts between ": " and ", ", are compared as a
whole, so that a queue named "connection-refused-dlq" in a message is no network fault.

Read in this order, the first that matches decides:

1. summaries: what the code itself rejects, and what says that a provider or the command was ended;
2. answers that are final whatever they quote: a state that was waited for, a version that nobody has;
3. an API's error code, then its HTTP status: 408, 429 and 5xx are no answer, any other 4xx is a rejection;
4. links: Go's network errors, git's, the registry's, those of Kubernetes;
5. anything else is a rejection.

Sources: hashicorp/terraform (`internal/plugin6`, `internal/getproviders/errors.go`, `internal/backend`), aws-sdk-go
and aws-sdk-go-v2 (`aws/retry/standard.go`), `k8s.io/apimachinery/pkg/api/errors`, git's `http.c` and `connect.c`.
Recorded answers of each source: `tests/golden/terraform/errors.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks import aws_codes
from tasks.domain.outcome import Outcome
from tasks.engines.terraform.diagnostics import Diagnostic

LOCKED = "Error acquiring the state lock"
UNRELEASED = "Error releasing the state lock"
STALE = ("Saved plan is stale", "Saved plan does not match the given state")
UNSAVED = ("Failed to save state", "Failed to persist state to backend", "Failed to write state")
INTERRUPTED = ("execution halted", "Request cancelled", "operation canceled", "Operation cancelled")
"""What terraform says of the rest once it was told to stop."""

_REJECTED_BY_THE_CODE = re.compile(
    r"Invalid value for (input )?variable|(Resource|Module output value) (pre|post)condition failed"
    r"|Check block assertion failed|\S+ provisioner error|External Program (Execution Failed|Lookup Failed)"
)
_ENDED = re.compile(
    rf"Plugin did not respond|failed to respond to the plugin|{UNRELEASED}"
    r"|Failed to read any lines from plugin's stdout"
)

_FINAL = re.compile(
    r"timeout while waiting for (state to become|resource to be gone)|timed out waiting for the condition"
    r"|does not have a provider named|no available releases match|not found in any of the search locations"
    r"|doesn't match any of the checksums|checksum (mismatch|list has)|admission webhook \"[^\"]*\" denied"
)

_ANOTHER_VERSION = re.compile(r"Unsupported (Terraform|OpenTofu) Core version")
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""Short-lived credentials ran out: they are renewed for the next command."""
_AT_FAULT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalServerException",
        "InternalServiceError",
        "InternalServiceException",
        "KMSInternalException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceException",
        "ServiceFailure",
        "ServiceFailureException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    }
)
_NO_ANSWER_CODES = aws_codes.THROTTLED | _EXPIRED | _AT_FAULT
_NEVER_SENT = re.compile(r": (connection refused|no such host|TLS handshake timeout)\b")
_CODES = re.compile(r"api error (\w+)|(?:^|: |\n)(\w+): [^\n]*?\s+status code: \d+")
_STATUSES = re.compile(
    r"(?:StatusCode|(?<!exit )[Ss]tatus(?: code)?|response code|HTTP error|returned error|RPC failed; HTTP"
    r"|googleapi: Error)(?::| of|=| =)? ?\"?([1-5]\d\d)\b"
    r"|(?:^|: )([45]\d\d) [A-Z][A-Za-z -]+(?:$|\n| returned from)"
)
_ATTEMPTS = re.compile(
    r"exceeded maximum number of attempts|the request failed after \d+ attempts|, (?:user)?[rR]ateLimitExceeded\b"
)
"""That it was tried often enough, or too often: Google answers the latter with 403 too."""
_NO_ANSWER_STATUSES = ("408", "429")

_LINKS = re.compile(
    # Go's net, net/http, crypto/tls and context
    r"connection refused|connection reset by peer|broken pipe|no such host|server misbehaving|(?:\S+ )?i/o timeout"
    r"|TLS handshake timeout|(?:unexpected )?EOF|network is unreachable|no route to host"
    r"|(?:operation|connection) timed out|context (?:deadline exceeded|canceled)(?: \(.*)?|.*\(Client\.Timeout .*"
    r"|(?:http2: )?client connection lost|(?:http2: )?server sent GOAWAY.*|use of closed network connection"
    r"|server closed idle connection|temporary failure in name resolution|transport connection broken"
    # AWS SDK v2 and v1
    r"|(?:request send|send request) failed|request canceled"
    # plugin protocol
    r"|code = (?:Unavailable|Canceled|DeadlineExceeded|Aborted) desc = .*|transport is closing"
    r"|timeout while waiting for plugin to start|cannot allocate memory|resource temporarily unavailable"
    # git, over HTTPS and SSH
    r"|could not resolve host(?:name \S+)?|failed to connect to .*|couldn't connect to server|early EOF"
    r"|the remote end hung up unexpectedly|kex_exchange_identification"
    # Kubernetes
    r"|an error on the server \(.*\) has prevented the request from succeeding.*|etcdserver"
    r"|the server is currently unable to handle the request.*|the server was unable to return a response in .*"
    r"|the server has received too many requests.*|request did not complete within .*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r":\s+|,\s+|\n+|\.\s+|;\s+")


def outcome(found: Iterable[Diagnostic], exit_code: int) -> Outcome:
    """What a command that failed with these errors came to: `failed` or `unanswered`.

    Ended by a signal or a crash (Terraform's own codes are 0, 1 and 2), or interrupted: unanswered. Of several errors
    one rejection is enough: asking again would meet it again.
    """
    items = tuple(found)
    if exit_code not in (0, 1, 2) or any(item.summary in INTERRUPTED for item in items):
        return Outcome.UNANSWERED
    answered = [item for item in items if not is_unanswered(item)]
    return Outcome.FAILED if answered or not items else Outcome.UNANSWERED


def is_unanswered(item: Diagnostic) -> bool:
    """Whether one error says that there was no answer."""
    if item.summary == LOCKED and "Lock Info:" in item.detail:
        return True
    if _ENDED.search(item.summary):
        return True
    text = f"{item.summary}: {item.detail}" if item.detail else item.summary
    if _REJECTED_BY_THE_CODE.match(item.summary) or _FINAL.search(text) or _is_wait(item):
        return False
    answer = _of_api(text)
    return _is_link(text) if answer is None else answer


def wants_another_version(found: Iterable[Diagnostic]) -> bool:
    """Whether the code wants another version of the tool than the one that ran (`required_version`)."""
    return any(_ANOTHER_VERSION.fullmatch(item.summary) for item in found)


def throttled(found: Iterable[Diagnostic]) -> bool:
    """Whether an error says that a cloud is asked too often."""
    texts = [f"{item.summary}: {item.detail}" for item in found]
    return any(aws_codes.THROTTLED & _codes(text) or "429" in _statuses(text) for text in texts)


def lost(found: Iterable[Diagnostic], unfinished: frozenset[str]) -> frozenset[str]:
    """Of the objects whose apply was begun and not finished, those that may have been carried out all the same.

    An error tells of which object it is, but for that of a provider that died: then it may be each that no other
    error is about. So it may be when terraform itself was killed, which leaves no error.
    """
    items = tuple(found)
    about = {item.address: _is_lost(item) for item in items if item.address}
    silent = not items or any(_is_lost(item) for item in items if not item.address)
    return frozenset(address for address in unfinished if about.get(address, silent))


def _is_lost(item: Diagnostic) -> bool:
    """Whether an unanswered request may have been carried out: not one that was throttled or never sent."""
    text = f"{item.summary}: {item.detail}"
    refused = throttled([item]) or bool(_EXPIRED & _codes(text)) or bool(_NEVER_SENT.search(text))
    return is_unanswered(item) and not refused


def _is_wait(item: Diagnostic) -> bool:
    """Helm's wait for readiness ends with nothing but Go's word for it."""
    return item.address.startswith("helm_release.") and item.summary == "context deadline exceeded"


def _of_api(text: str) -> bool | None:
    """Whether an API's error code or HTTP status says no answer; None where there is neither."""
    codes, statuses = _codes(text), _statuses(text)
    if _ATTEMPTS.search(text) or codes & _NO_ANSWER_CODES:
        return True
    said = next((status for status in statuses if status[0] in "45"), "")
    return (said[0] == "5" or said in _NO_ANSWER_STATUSES) if said else None


def _codes(text: str) -> frozenset[str]:
    return frozenset(code for found in _CODES.findall(text) for code in found if code)


def _statuses(text: str) -> tuple[str, ...]:
    """The HTTP statuses in a text, outermost first: those behind may be quoted by whoever answered."""
    return tuple(status for found in _STATUSES.findall(text) for status in found if status)


def _is_link(text: str) -> bool:
    return any(_LINKS.fullmatch(link.strip(" .\"'()")) for link in _BETWEEN.split(text))
