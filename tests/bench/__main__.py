"""`make bench`: what the product costs on top of terraform, and what a promotion costs in which nothing changed.
After that, what many units cost (`python -m tests.bench.units`, `.terragrunt`, `.kubernetes`), what a long history
costs (`.ledger`), and how the GitHub receiver bears load and a kill (`.receiver`).

Both from one run, in sandboxes of their own: all units of dev are promoted by the product, and in a second, equally
fresh sandbox the same terraform commands are run bare, in the same order and with the same parallelism: as many units
at once as their dependencies allow. The platform is FlowMart's with its terraform units only. The promotion's time is
that of its flow run, as the run history has it, with everything in it: policies, ledger, smoke checks, artifacts. The
time of the whole command, which also has to start Python and import Prefect, is printed beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from deployments.sandbox import Sandbox
from tasks import aws, manifest
from tasks.domain import graph
from tasks.engines.terraform import commands as commands
from tests import sandboxes
from tests.bench import kubernetes, ledger, logs, receiver, terragrunt, units

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = "dev"
IMAGE = "ami-12c6146b"
"""One that every account of the sandbox has."""


def main() -> None:
    """Measure, and print one figure a line."""
    with (
        _terraform_only() as project,
        sandboxes.started(project / "infrastructure", prefect=True, report=_say) as box,
    ):
        product = {to: _promote(box, project, to) for to in ("shared", ENVIRONMENT, "production")}
        run = _flow_run(box)
        again = _promote(box, project, "production")
    with (
        _terraform_only() as project,
        sandboxes.started(project / "infrastructure", prefect=False, report=_say) as box,
    ):
        bare = _bare(box, project)
    first = sum(product.values())
    whole = product[ENVIRONMENT]
    print(f"the same terraform commands, bare   {bare:7.1f} s")
    print(f"promote {ENVIRONMENT}: the flow run           {run:7.1f} s   ratio {run / bare:.2f}")
    print(f"promote {ENVIRONMENT}: the whole command      {whole:7.1f} s   ratio {whole / bare:.2f}")
    print(f"first promotion, all environments   {first:7.1f} s")
    print(f"again, nothing changed              {again:7.1f} s   {again / first:.1%} of the first")
    units.main()
    terragrunt.main()
    kubernetes.main()
    ledger.main()
    receiver.main()
    logs.main()


@contextmanager
def _terraform_only() -> Iterator[Path]:
    """A repository with FlowMart's infrastructure, less the units of other engines."""
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        project = Path(folder)
        shutil.copytree(PROJECT / "infrastructure", project / "infrastructure")
        file = project / "infrastructure/platform.yaml"
        declared = yaml.safe_load(file.read_text())
        kept = {n: unit for n, unit in declared["units"].items() if unit["engine"] == "terraform"}
        for unit in kept.values():
            unit["needs"] = [need for need in unit.get("needs", ()) if need in kept]
        kept["compute"]["inputs"] = {"image_id": IMAGE}  # there is no unit that builds one here
        declared["units"] = kept
        file.write_text(yaml.safe_dump(declared, sort_keys=False))
        who = ("-c", "user.name=bench", "-c", "user.email=bench@flowmart.example")
        for command in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "-m", "Terraform only")):
            _run(["git", *command], project, {})
        yield project


def _promote(box: Sandbox, project: Path, to: str) -> float:
    command = [sys.executable, "-m", "deployments.cli", "promote", "--to", to]
    variables = {"FLOWMART_PROFILE": "none", "FLOWMART_REPOSITORY": str(project)}
    return _timed(lambda: _run(command, PROJECT, {**box.variables, **variables}))


def _flow_run(box: Sandbox) -> float:
    """Seconds that the flow run of the promotion took, by the Prefect server's record."""
    wanted = {"flow_runs": {"name": {"like_": f" to {ENVIRONMENT}"}}}
    (run,) = httpx.post(f"{box.prefect_url}/api/flow_runs/filter", json=wanted).raise_for_status().json()
    return float(run["total_run_time"])


def _bare(box: Sandbox, project: Path) -> float:
    """Seconds for all units of the environment; shared comes first here too, so that both sandboxes are as warm."""
    os.environ.update(box.variables)
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        shutil.copytree(project / "infrastructure", folder, dirs_exist_ok=True)
        _apply_bare(box, Path(folder), "shared")
        return _apply_bare(box, Path(folder), ENVIRONMENT)


def _apply_bare(box: Sandbox, infrastructure: Path, environment: str) -> float:
    """All units of an environment, each in a thread that waits for those it needs."""
    here = box.platform.environment(environment)
    reading, writing = (
        aws.assume(role, here.region, "bench").environment() for role in (here.roles.plan, here.roles.apply)
    )
    units = {unit.name: unit.needs for unit in box.platform.units_in(environment)}
    resolved = {name: manifest.resolve(box.platform, environment, name) for name in units}
    sources = {name: infrastructure / unit.source for name, unit in resolved.items()}
    for name, unit in resolved.items():
        (sources[name] / commands.VARIABLES_FILE).write_text(json.dumps(dict(unit.inputs)))

    def everything() -> None:
        done: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=4) as pool:
            for name in graph.order(units):
                before = [done[need] for need in units[name]]
                done[name] = pool.submit(_unit, sources[name], before, reading, writing)
        for future in done.values():
            future.result()

    return _timed(everything)


def _unit(folder: Path, before: list[Future[None]], reading: Mapping[str, str], writing: Mapping[str, str]) -> None:
    """What the engine runs for a unit that is planned and applied once (tasks/engines/terraform.py)."""
    _run(list(commands.init("terraform")), folder, reading)
    if before:
        _run(list(commands.validate("terraform")), folder, reading)
    for future in before:
        future.result()
    for command in (commands.state_pull, commands.plan, commands.show):
        _run(list(command("terraform")), folder, reading)
    for command in (commands.state_pull, commands.apply):
        _run(list(command("terraform")), folder, writing)


def _run(command: list[str], folder: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True)
    if done.returncode not in (0, 2):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")


def _timed(what: Callable[[], None]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
