"""How a Prefect server is started: the sandbox's and that of `flowmart server` alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deployments import prefect_log
from tasks.reports.board_notices import Links
from tasks.settings import Settings


def deployment_of(flow: str, platform: str) -> str:
    """What Prefect calls the deployment that GitHub's events start for a flow: "comment/shop-github-comment"."""
    return f"{flow}/{platform}-github-{flow}"


def ui_address(environ: Mapping[str, str]) -> str:
    """Where people reach the Prefect UI, without a slash at its end; empty where no server is named."""
    chosen = environ.get("FLOWMART_SERVER_URL") or environ.get("PREFECT_UI_URL")
    return (chosen or environ.get("PREFECT_API_URL", "").removesuffix("/api")).rstrip("/")


def links(chosen: Settings) -> Links:
    """Where runs and pull requests are shown."""
    site = chosen.github_api.removesuffix("/api/v3").replace("//api.", "//", 1)
    repository = f"{site}/{chosen.platform_repository}" if chosen.platform_repository else ""
    return Links(ui_address(os.environ), repository)


def command(port: int | None, host: str = "127.0.0.1") -> list[str]:
    """What starts one that listens there."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]


def variables(home: Path, address: str) -> dict[str, str]:
    """What it is told. `address`: where browsers reach it."""
    return {
        "PREFECT_HOME": str(home),
        # The pages of the UI ask here, whatever port the server was told on its command line.
        "PREFECT_UI_API_URL": f"{address}/api",
        # Their files are prepared beside Prefect's own code by default, where an image is read-only.
        "PREFECT_UI_STATIC_DIRECTORY": str(home / "ui"),
        # Its forms render Markdown and links; those of the newer UI show them as text.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # By default every change of every task run is a transaction of its own: a third of what the server computes.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_DATEFMT": prefect_log.DATE_FORMAT,
        "DO_NOT_TRACK": "1",
    }
