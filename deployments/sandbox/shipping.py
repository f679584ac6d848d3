"""The sandbox's log shipper: a real rsyslog that sends the log folder to the sandbox's OpenSearch.

    python -m deployments.sandbox.shipping OPENSEARCH FOLDER

waits until the log's index template exists, and then replaces itself with rsyslog. Records sent earlier would create
indices without the template, whose field types OpenSearch would guess. `rsyslog.conf` is
docs/examples/logging/rsyslog.conf with other paths.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import urllib.request
from pathlib import Path

_PLACES = "/usr/sbin:/sbin:/usr/bin"
"""Folders that may hold rsyslogd but are often missing from the PATH of users other than root."""

_MODULES = ("imfile", "mmjsonparse", "omelasticsearch")
_TEMPLATE = "_index_template/flowmart-logs"
_LOOK_AGAIN = 1.0
"""Seconds between two checks for the template."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_CONFIGURATION = Path(__file__).with_name("rsyslog.conf")


def program() -> str:
    """Return the path of rsyslogd; "" if it, or a module that the configuration loads, is not installed."""
    found = shutil.which("rsyslogd") or shutil.which("rsyslogd", path=_PLACES) or ""
    folders = [each for pattern in ("lib/*/rsyslog", "lib*/rsyslog") for each in Path("/usr").glob(pattern)]
    loads = any(all((folder / f"{module}.so").exists() for module in _MODULES) for folder in folders)
    return found if loads else ""


def missing() -> str:
    """Return a sentence that says why the log is not shipped and what to do; "" if it is."""
    if program():
        return ""
    return "there is no rsyslog with omelasticsearch; install the package rsyslog-elasticsearch (Debian, Ubuntu)"


def configuration(folder: Path, logs: Path, port: int) -> str:
    """Return the text of rsyslog's configuration.

    Args:
        folder: where rsyslog keeps its state and the records that the server refuses.
        logs: the log folder.
        port: the port of OpenSearch on 127.0.0.1.
    """
    text = _CONFIGURATION.read_text()
    for name, value in {"folder": str(folder), "logs": str(logs), "port": str(port)}.items():
        text = text.replace(f"@{name}@", value.replace("\\", "\\\\").replace('"', '\\"'))
    return text


def configure(folder: Path, logs: Path, port: int) -> bool:
    """Write the configuration. The arguments are those of `configuration`.

    Returns:
        Whether the configuration has changed, so that a running rsyslog must be restarted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, text = folder / "rsyslog.conf", configuration(folder, logs, port)
    if file.exists() and file.read_text() == text:
        return False
    file.write_text(text)
    return True


def command(folder: Path, port: int) -> list[str]:
    """Return the command that starts the shipper, given its configuration folder and the port of OpenSearch."""
    return [sys.executable, "-m", "deployments.sandbox.shipping", f"http://127.0.0.1:{port}", str(folder)]


def _await_template(url: str) -> None:
    while not _is_there(f"{url}/{_TEMPLATE}"):
        time.sleep(_LOOK_AGAIN)


def _is_there(address: str) -> bool:
    try:
        _DIRECT.open(address, timeout=5).close()
    except OSError:
        return False
    return True


def main(url: str, folder: str) -> None:
    """Wait until the template exists, then replace this process with rsyslog."""
    _await_template(url)
    found = program()
    os.execv(found, [found, "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/pid"])  # noqa: S606 -- no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
