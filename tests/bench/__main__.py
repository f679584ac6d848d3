"""`make bench`: what FlowMart costs on top of the tools that it runs, as one table with the bare counterparts.

The ratios are kept in `.flowmart/bench.json`, and each is printed beside that of the last run. `make bench` ends with
what has tables of its own: a plan of 100 Terragrunt units (`.terragrunt`), units in clusters (`.kubernetes`), a long
history (`.ledger`), the GitHub receiver under load (`.receiver`), a million lines of log (`.logs`).

FlowMart's own Terraform units, in sandboxes of their own: all units of dev are promoted by the product, and in a
second, equally fresh sandbox the same terraform commands are run bare, in the same order and with the same
parallelism: as many units at once as their dependencies allow. The platform is FlowMart's with its terraform units
only. The promotion's time is that of its flow run, as the run history has it, with everything in it: policies,
ledger, smoke checks, artifacts. The time of the whole command, which also has to start Python and import Prefect, is
printed beside it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from deployments.sandbox import Sandbox
from tasks import aws, manifest
from tasks.domain import graph
from tasks.engines.terraform import commands as commands
from tests.bench import kubernetes, ledger, logs, many, measures, receiver, starts, terragrunt, units
from tests.bench.costs import FLOWMART, cpu_seconds, of_command
from tests.bench.measures import Cost, Measure
from tests.servers import sandboxes

PROJECT = Path(__file__).resolve().parents[2]
KEPT = PROJECT / ".flowmart/bench.json"
ENVIRONMENT = "dev"
IMAGE = "ami-12c6146b"
"""One that every account of the sandbox has."""


def main() -> None:
    """Measure, print the table, and keep its ratios; then print the tables of the other parts."""
    before, found = measures.kept(KEPT), []
    for line in measures.table(_collected(_all(), found), before):
        print(line, flush=True)
    measures.keep(KEPT, found)
    for more in (terragrunt, kubernetes, ledger, receiver, logs):
        more.main()


def _all() -> Iterator[Measure]:
    """Every row, the quick ones first."""
    yield from starts.measured()
    yield from many.measured()
    yield from ledger.measured()
    yield from units.measured()
    yield from _own_units()


def _collected(rows: Iterable[Measure], into: list[Measure]) -> Iterator[Measure]:
    for one in rows:
        into.append(one)
        yield one


def _own_units() -> Iterator[Measure]:
    with (
        _terraform_only() as project,
        sandboxes.started(project / "infrastructure", prefect=True, report=_say) as box,
    ):
        product = {to: _promote(box, project, to) for to in ("shared", ENVIRONMENT, "production")}
        run = Cost(_flow_run(box))
        again = _promote(box, project, "production")
    with (
        _terraform_only() as project,
        sandboxes.started(project / "infrastructure", prefect=False, report=_say) as box,
    ):
        bare = _bare(box, project)
    yield Measure(f"Terraform of {ENVIRONMENT}: the flow run", run, bare, 1.1)
    yield Measure(f"Terraform of {ENVIRONMENT}: the whole command", product[ENVIRONMENT], bare, 1.3)
    yield Measure("Terraform everywhere: nothing changed / first", again, sum(product.values(), Cost(0)), 0.1)


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


def _promote(box: Sandbox, project: Path, to: str) -> Cost:
    variables = {"FLOWMART_PROFILE": "none", "FLOWMART_REPOSITORY": str(project)}
    return of_command([*FLOWMART, "promote", "--to", to], {**os.environ, **box.variables, **variables})


def _flow_run(box: Sandbox) -> float:
    """Seconds that the flow run of the promotion took, by the Prefect server's record."""
    wanted = {"flow_runs": {"name": {"like_": f" to {ENVIRONMENT}"}}}
    (run,) = httpx.post(f"{box.prefect_url}/api/flow_runs/filter", json=wanted).raise_for_status().json()
    return float(run["total_run_time"])


def _bare(box: Sandbox, project: Path) -> Cost:
    """The cost of all units of the environment; shared comes first here too, so that both sandboxes are as warm."""
    os.environ.update(box.variables)
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        shutil.copytree(project / "infrastructure", folder, dirs_exist_ok=True)
        _apply_bare(box, Path(folder), "shared")
        return _apply_bare(box, Path(folder), ENVIRONMENT)


def _apply_bare(box: Sandbox, infrastructure: Path, environment: str) -> Cost:
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

    return _measured(everything)


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


def _measured(what: Callable[[], None]) -> Cost:
    used, began = cpu_seconds(resource.RUSAGE_CHILDREN), time.monotonic()
    what()
    return Cost(time.monotonic() - began, cpu_seconds(resource.RUSAGE_CHILDREN) - used)


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
