"""Decides which of helm's failures mean "unanswered" and which "refused". Pure; one table.

helm's errors have no structure. Every error is exit code 1 and a chain of texts, "what was tried: why: why", that
ends with what happened. Only the end of the chain decides, because templates, hooks and pods may put any words in the
middle. The texts are those of client-go (`rest/request.go`, `apimachinery/pkg/api/errors`) and of Go's `net/http`,
the same in helm 3 and 4.
"""

from __future__ import annotations

import re

from tasks.cluster import rights
from tasks.domain.errors import Refused, Unanswered
from tasks.engines import go_errors

_LOGGED = re.compile(r"[IWEF]\d{4} \d\d:|level=|WARNING: |time=")
_ASKED_FOR = r"( \([a-z]+ [^()]*\))?$"
"""client-go appends the request to its own texts: "(get secrets)"."""

_DENIED = re.compile(r"admission webhook \"[^\"]*\" denied the request")

_UNANSWERED = tuple(
    re.compile(text)
    for text in (
        # No HTTP response at all, or no login for the request ("getting credentials"): net/url's Error.
        # A request's timeout looks the same; helm's own wait has no URL.
        r'\b(Get|Post|Put|Patch|Delete|Head) "https?://[^"]*": .*$',
        r"unexpected error when reading response body\. Please retry\. Original error: .*$",
        r"(read|write) tcp \S+: .*$",
        r"http2: (client connection lost|server sent GOAWAY.*)$",
        # A request that was never sent, because the client's rate limiter would have delayed it past its deadline.
        r"client rate limiter Wait returned an error: .*$",
        # 5xx, 429 and 401 that do not come from the API itself, or have no message.
        r"an error on the server \(.*\) has prevented the request from succeeding" + _ASKED_FOR,
        r"the server is currently unable to handle the request" + _ASKED_FOR,
        r"the server was unable to return a response in the time allotted, but may still be processing the request"
        + _ASKED_FOR,
        r"the server has received too many requests and has asked us to try again later" + _ASKED_FOR,
        r"the server has asked for the client to provide credentials" + _ASKED_FOR,
        # Manifests are validated against the API's own OpenAPI document. It has two forms, and the last one that the
        # client asks for does not exist at all. The release is not the cause.
        r"failed to download openapi: the server could not find the requested resource$",
        # From the API itself: 500 InternalError and ServerTimeout, 504 Timeout, 429 TooManyRequests, 401
        # Unauthorized.
        r"Internal error occurred: .*$",
        r"could not be completed at this time, please try again\.?$",
        r"Timeout: request did not complete within (the )?(requested|allotted) timeout.*$",
        r": too many requests$",
        r": Unauthorized$",
        # 409 of an object that somebody changed between helm's read and its write.
        r"the object has been modified; please apply your changes to the latest version and try again$",
        r"etcdserver: (?!request is too large).*$",
        r"stream error: stream ID \d+; \w+(; .*)?$",
        r"rpc error: code = \w+ desc = .*$",
        # Repositories of charts: an index or a package over HTTP; registries (ORAS, containerd's resolver).
        r"failed to fetch https?://\S+ : (408|429|5\d\d) [A-Z][\w -]*$",
        r"response status code (408|429|5\d\d): .*$",
        r"unexpected status from \w+ request to https?://\S+: (408|429|5\d\d) [A-Z][\w -]*$",
    )
)

_WAITED_FOR = re.compile(r"resource \S+ not ready\. status: (\w+), message:")
"""How helm 4 reports what it waited for (`sigs.k8s.io/cli-utils`, kstatus).

An object that it could not read or watch has the status Unknown.
"""


class NotInstalled(Refused):
    """There is no such release, or no such revision of it."""


def why(stderr: str) -> str:
    """Return helm's reason on one line, without its libraries' log lines ("I1123 16:37:50.3 reflector.go...")."""
    lines = [line for line in stderr.splitlines() if not _LOGGED.match(line)]
    return " ".join(" ".join(lines).split()).removeprefix("Error: ") or "it gave no reason"


def failure(doing: str, exit_code: int, stderr: str) -> Refused | Unanswered:
    """Return the error for a helm command that failed.

    Args:
        doing: the command, for the message ("helm upgrade cart").
        exit_code: negative if a signal ended helm. Its own is 1, and Go's runtime ends with 2 when memory is
            exhausted: how far helm got is unknown unless it is 1.
        stderr: what helm wrote.
    """
    said = why(stderr)
    if exit_code != 1:
        how = f"ended by signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        return Unanswered(f"{doing}: {how}: {said}")
    if said.endswith("release: not found"):
        return NotInstalled(f"{doing}: {said}")
    unanswered = _waited_blindly(said) or (
        not _DENIED.search(said)
        and (any(pattern.search(said) for pattern in _UNANSWERED) or go_errors.of_machine(said))
    )
    if unanswered:
        return Unanswered(f"{doing}: {said}; retry later")
    todo = rights.advice(said)
    return Refused(f"{doing}: {said}{f'; {todo}' if todo else ''}")


def _waited_blindly(said: str) -> bool:
    """Tell whether helm timed out without seeing the state of any object that it waited for."""
    return set(_WAITED_FOR.findall(said)) == {"Unknown"}
