"""A real Prometheus on loopback, with a history made by promtool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from deployments import ports

Samples = Mapping[str, Sequence[tuple[int, float]]]
"""{series: [(second, value)]}."""

PROMETHEUS, PROMTOOL, AMTOOL = (shutil.which(name) for name in ("prometheus", "promtool", "amtool"))
MISSING = not (PROMETHEUS and PROMTOOL)
NOT_RUN = "not run: analyses, metrics and alert rules against a real Prometheus (no prometheus with promtool on PATH)"


@contextmanager
def running(folder: Path, samples: Samples, configuration: str = "global: {scrape_interval: 15s}\n") -> Iterator[str]:
    """The address of a server with these samples."""
    assert PROMETHEUS
    _history(folder, samples)
    (folder / "prometheus.yml").write_text(configuration)
    # Somebody else may take the port before the server binds it; then another one is tried.
    for _ in range(5):
        port = ports.free()
        command = [
            PROMETHEUS,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=10y",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
        try:
            if _is_ready(process, f"http://127.0.0.1:{port}"):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            process.wait()
    raise AssertionError((folder / "log").read_text()[-2000:])


def _history(folder: Path, samples: Samples) -> None:
    assert PROMTOOL
    if not samples:
        return
    lines = [f"{series} {value:.6g} {at}" for series, values in samples.items() for at, value in values]
    (folder / "history").write_text("\n".join(["# TYPE requests counter", *lines, "# EOF", ""]))
    made = [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", str(folder / "history"), str(folder / "data")]
    done = subprocess.run(made, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def _is_ready(process: subprocess.Popen[bytes], address: str) -> bool:
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{address}/-/ready", timeout=30).status_code == 200:
                return True
        except httpx.HTTPError:
            time.sleep(0.05)
    return False
