"""Defines how a Prefect server is started, for the sandbox and for `flowmart server`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deployments import prefect_log
from tasks.reports.board_notices import Links
from tasks.settings import Settings


def deployment_of(flow: str, platform: str) -> str:
    """Return the name of the deployment that GitHub's events start for a flow: "comment/shop-github-comment"."""
    return f"{flow}/{platform}-github-{flow}"


def ui_address(environ: Mapping[str, str]) -> str:
    """Return the address of the Prefect UI, without a trailing slash; empty if no server is configured."""
    chosen = environ.get("FLOWMART_SERVER_URL") or environ.get("PREFECT_UI_URL")
    return (chosen or environ.get("PREFECT_API_URL", "").removesuffix("/api")).rstrip("/")


def links(chosen: Settings) -> Links:
    """Return the addresses that show runs and pull requests."""
    site = chosen.github_api.removesuffix("/api/v3").replace("//api.", "//", 1)
    repository = f"{site}/{chosen.platform_repository}" if chosen.platform_repository else ""
    return Links(ui_address(os.environ), repository)


def command(port: int | None, host: str = "127.0.0.1") -> list[str]:
    """Return the command that starts a server on this address."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]


def variables(home: Path, address: str) -> dict[str, str]:
    """Return the server's environment variables.

    Args:
        home: its PREFECT_HOME.
        address: the address that browsers use.
    """
    return {
        "PREFECT_HOME": str(home),
        # The UI's pages call this address, whatever port the command line sets.
        "PREFECT_UI_API_URL": f"{address}/api",
        # By default the UI's files are prepared beside Prefect's code, which is read-only in an image.
        "PREFECT_UI_STATIC_DIRECTORY": str(home / "ui"),
        # The older UI's forms render Markdown and links; the newer UI shows them as text.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # By default each change of a task run is a separate transaction: a third of the server's work.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_DATEFMT": prefect_log.DATE_FORMAT,
        "DO_NOT_TRACK": "1",
    }
