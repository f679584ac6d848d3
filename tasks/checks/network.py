"""The `http` and `tcp` checks: does the service answer, and rightly?

That a service refuses the connection, drops it or lets us wait is a wrong answer: it is what these checks look
for. What says more about the place that we ask from than about the service is no answer: a name that our
resolver does not know (a private zone, a missing DNS server), a network that we have no route to, a certificate
that our trust store does not accept.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from tasks.checks.answers import Answer, Surroundings, errored, failed, judged, passed, shortened
from tasks.checks.options import Http, Tcp

_ENOUGH = 1_048_576
"""Bytes of a body that are searched for `contains`."""


def http_expected(options: Http) -> str:
    """In words for people."""
    status = f"{options.url} answers {' or '.join(map(str, options.statuses))}"
    return status if options.contains is None else f'{status} with "{options.contains}"'


def http(options: Http, around: Surroundings) -> Answer:  # noqa: ARG001 - every kind is asked alike
    """One GET."""
    try:
        with httpx.stream("GET", options.url, headers=options.headers, timeout=options.timeout) as response:
            return _judged(options, response.status_code, _text(response))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _unanswered(error)


def tcp_expected(options: Tcp) -> str:
    """In words for people."""
    return f"{options.host}:{options.port} accepts connections"


def tcp(options: Tcp, around: Surroundings) -> Answer:  # noqa: ARG001 - every kind is asked alike
    """One connection, closed at once."""
    try:
        with socket.create_connection((options.host, int(options.port)), timeout=options.timeout):
            return passed("it does")
    except (OSError, UnicodeError) as error:
        return _unanswered(error)


def _judged(options: Http, status: int, body: str) -> Answer:
    if status not in options.statuses:
        return failed(f"status {status}: {shortened(body, 100)}" if body else f"status {status}")
    if options.contains is None:
        return passed(f"status {status}")
    there = options.contains in body
    return judged(there, f"status {status}" if there else f"status {status}: {shortened(body, 100) or 'empty'}")


def _text(response: httpx.Response) -> str:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) >= _ENOUGH:
            break
    return body.decode(response.encoding or "utf-8", errors="replace")


def _unanswered(error: BaseException) -> Answer:
    causes = tuple(_causes(error))
    words = shortened(str(causes[-1]) or type(causes[-1]).__name__)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return errored(f"the name cannot be resolved here: {words}")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return errored(f"its certificate is not trusted here: {words}")
    if any(isinstance(cause, TimeoutError | httpx.TimeoutException) for cause in causes):
        return failed("no answer in time")
    if any(isinstance(cause, ConnectionError | ssl.SSLError | _DROPPED) for cause in causes):
        return failed(f"no answer: {words}")
    return errored(f"could not be asked: {words}")


_DROPPED = httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError | httpx.DecodingError


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from: httpx wraps what the socket said."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
