"""Runs the `http` and `tcp` checks: they test that the service responds as expected.

Failed: the service refuses the connection, drops it or times out, which is what these checks look for.

Unanswered: the cause is more likely on this machine than in the service. Its resolver does not know the name (a
private zone, a missing DNS server), or it has no route to the network. Its proxy may not respond, or its trust store
may not accept the certificate.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from tasks.checks.answers import Answer, Surroundings, failed, passed, shortened, unanswered
from tasks.checks.options import Http, Tcp

_ENOUGH = 1_048_576
"""The number of bytes of a body that are searched for `contains`."""


def http_expected(options: Http) -> str:
    """Return what the check expects, as a phrase for people."""
    status = f"{options.url} answers {' or '.join(map(str, options.statuses))}"
    return status if options.contains is None else f'{status} with "{options.contains}"'


def http(options: Http, around: Surroundings) -> Answer:  # noqa: ARG001 - all kinds have this signature
    """Send one GET and compare the response."""
    try:
        with httpx.stream("GET", options.url, headers=options.headers, timeout=options.timeout) as response:
            return _judged(options, response)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        proxy = _proxy(options.url)
        if proxy and not _accepts_connections(proxy, options.timeout):
            return unanswered(f"the proxy {proxy} does not respond: {_words(error)}")
        return _unanswered(error)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return _unanswered(error)


def _proxy(url: str) -> str:
    """Return host and port of the proxy that the environment sets for an address; "" if there is none."""
    asked, proxies = urlsplit(url), getproxies()
    found = proxies.get(asked.scheme) or proxies.get("all") or ""
    return "" if proxy_bypass(asked.hostname or "") else urlsplit(found).netloc.rpartition("@")[2]


def _accepts_connections(proxy: str, timeout: float) -> bool:
    """Tell whether a proxy (name and port) can be reached. If it can, an error is that of the service behind it."""
    place = urlsplit(f"//{proxy}")
    try:
        with socket.create_connection((place.hostname or "", place.port or 80), timeout=timeout):
            return True
    except (OSError, ValueError):
        return False


def tcp_expected(options: Tcp) -> str:
    """Return what the check expects, as a phrase for people."""
    return f"{options.host}:{options.port} accepts connections"


def tcp(options: Tcp, around: Surroundings) -> Answer:  # noqa: ARG001 - all kinds have this signature
    """Open one connection and close it at once."""
    try:
        with socket.create_connection((options.host, int(options.port)), timeout=options.timeout):
            return passed("it does")
    except (OSError, UnicodeError) as error:
        return _unanswered(error)


def _judged(options: Http, response: httpx.Response) -> Answer:
    status = f"status {response.status_code}"
    right = response.status_code in options.statuses
    if right and options.contains is None:
        return passed(status)
    body = _text(response, options.timeout)
    if right and options.contains is not None and options.contains in body:
        return passed(status)
    return failed(f"{status}: {shortened(body, 100)}" if body.strip() else f"{status} and an empty body")


def _text(response: httpx.Response, within: float) -> str:
    """Return the first part of the body. One time limit covers it, so a trickling service cannot stall a check."""
    body, until = b"", time.monotonic() + within
    for piece in response.iter_bytes():
        body += piece
        if len(body) >= _ENOUGH or time.monotonic() > until:
            break
    return body.decode(response.encoding or "utf-8", errors="replace")


def _unanswered(error: BaseException) -> Answer:
    causes = tuple(_causes(error))
    words = _words(causes[-1])
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return unanswered(f"the name cannot be resolved here: {words}")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return unanswered(f"its certificate is not trusted here: {words}")
    if any(isinstance(cause, TimeoutError | httpx.TimeoutException) for cause in causes):
        return failed("no answer in time")
    if any(isinstance(cause, ConnectionError | ssl.SSLError | _DROPPED) for cause in causes):
        return failed(f"no answer: {words}")
    return unanswered(f"did not respond: {words}")


def _words(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return shortened(said or str(error) or type(error).__name__)


_DROPPED = httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError | httpx.DecodingError


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes: httpx wraps the socket's error."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
