"""Recognizes errors of Go programs that say nothing about the release: a lost connection, or a machine at its limits.

Terraform, Helm and Packer are written in Go. Go's errors are chains of links, outermost first, with ": " between
them ("Put "https://x": write tcp 10.0.0.7:4->10.0.0.8:443: write: broken pipe"). A link is compared as a whole, so a
queue named "connection-refused-dlq" is not a network error.

Sources: Go's `syscall` (zerrors), `net`, `net/http`, `crypto/tls`, `context`, `golang.org/x/net/http2`, `os/exec`;
the texts of HTTP statuses (`net/http/status.go`).
"""

from __future__ import annotations

import re

NETWORK = (
    r"connection refused|connection reset by peer|broken pipe|no such host|server misbehaving|(?:\S+ )?i/o timeout"
    r"|TLS handshake timeout|(?:unexpected )?EOF|network is (?:unreachable|down)|no route to host|host is down"
    r"|(?:operation|connection) timed out|context (?:deadline exceeded|canceled)(?: \(.*)?|.*\(Client\.Timeout .*"
    r"|(?:http2: )?client connection lost|(?:http2: )?server sent GOAWAY.*|use of closed network connection"
    r"|server closed idle connection|temporary failure in name resolution|transport connection broken"
    r"|stream ID \d+(?:; .*)?|software caused connection abort|An existing connection was forcibly closed.*"
    r"|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many Requests"
)
"""Links of a request that got no response, or one that the server's side could not give."""

MACHINE = (
    r"no space left on device|disk quota exceeded|read-only file system|input/output error|stale NFS file handle"
    r"|too many open files(?: in system)?|cannot allocate memory|resource temporarily unavailable"
    r"|device or resource busy|text file busy|(?:connect: )?cannot assign requested address"
)
"""Links of what this machine could not do."""

RATE_LIMITED = (
    r": 403 (?:API rate limit|You have (?:exceeded a secondary rate limit|triggered an abuse detection))"
    r"|Plugin host rate limited the plugin getter"
)
"""How go-github, and Packer for it, report that GitHub limits the rate: with a status that otherwise forbids."""

_RATE_LIMITED = re.compile(RATE_LIMITED)
_LINK = re.compile(f"{NETWORK}|{MACHINE}", re.IGNORECASE)
_BETWEEN = re.compile(r":\s+|,\s+|\n+|\.\s+|;\s+")


def is_unanswered(text: str, more: re.Pattern[str] | None = None) -> bool:
    """Tell whether a link of an error means that something did not respond.

    Args:
        text: the error.
        more: links that only one tool has.
    """
    links = [link.strip(" .\"'()]") for link in _BETWEEN.split(text)]
    known = any(_LINK.fullmatch(link) or (more and more.fullmatch(link)) for link in links)
    return known or bool(_RATE_LIMITED.search(text))


def of_machine(text: str) -> bool:
    """Tell whether an error ends with what this machine could not do."""
    return bool(re.search(f"(?:^|: )(?:{MACHINE})[.)]*$", text))
