"""`python -m tests.bench.units [20 100 ...]`: what many Terraform units cost, beside bare terraform in the same run.

Units of `terraform_data` with their state in a bucket, four at once, without a Prefect server. Each row is measured
for the product and for the bare commands that a person would run for the same: `init`, `plan -out` and `apply` of
every unit, or a refresh-only plan. CPU seconds are those of all processes, so they hold on a busy machine, too.
`terraform` counts its processes, `requests` those to the store and to the states.
"""

from __future__ import annotations

import logging
import os
import resource
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, which

from deployments.setup import put_tools_on_path
from tests.bench.costs import cpu_seconds
from tests.faults import at_once
from tests.mini import MiniPlatform

PROJECT = Path(__file__).resolve().parents[2]
SIZES = (20, 100)
AT_ONCE = 4

ROOT = """
terraform {{
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "states/{name}.tfstate"
    region                      = "eu-west-1"
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }}
}}
resource "terraform_data" "it" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.it.output }}
"""
SHIM = """#!/bin/sh
echo "$1" >>{log}
exec {terraform} "$@"
"""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of the processors, processes of terraform, requests to the bucket."""

    seconds: float
    cpu: float
    processes: int
    requests: int


class Scene:
    """A platform of so many units, an AWS with a bucket, and counters.

    Args:
        folder: for repository and counters.
        units: how many.
        variables: what leads to the bucket.
    """

    def __init__(self, folder: Path, units: int, variables: Mapping[str, str]) -> None:
        self.names = [f"unit-{number:04}" for number in range(units)]
        self.folder = folder
        self._log, self._requests = folder / "terraform.log", Requests()
        self._bucket = variables["FLOWMART_STORE"].removeprefix("s3://")
        shim = folder / "terraform"
        shim.write_text(SHIM.format(log=self._log, terraform=which("terraform")))
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        self.terraform = str(shim)
        self.mini = MiniPlatform(folder)
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FLOWMART_", "PREFECT_"))}
        product = {"FLOWMART_REPOSITORY": str(self.mini.repository), "FLOWMART_TERRAFORM": self.terraform}
        self.variables = {**own, **variables, **product, "PREFECT_API_URL": at_once.NOWHERE}
        environment = '{account: "222222222222", region: eu-west-1}'
        declared = "".join(
            f"  {name}: {{engine: terraform, source: roots/{name}, environments: [dev]}}\n" for name in self.names
        )
        head = f"platform: flowmart\nenvironments:\n  dev: {environment}\nunits:\n"
        self.mini.write("platform.yaml", head + declared)
        for name in self.names:
            self.paint(name, "blue")
        self.mini.commit()

    def paint(self, name: str, colour: str) -> None:
        """Give a unit's object another value."""
        self.mini.write(f"roots/{name}/main.tf", ROOT.format(bucket=self._bucket, name=name, colour=colour))

    def flowmart(self, *arguments: str) -> Cost:
        """What a command costs; it must end well."""
        return self.cost(lambda: self._run([sys.executable, "-m", "deployments.cli", *arguments], PROJECT))

    def bare(self, roots: Path, names: Sequence[str], *commands: Sequence[str]) -> Cost:
        """What terraform's commands cost for some units, as many at once as the product takes."""

        def one(name: str) -> None:
            for command in commands:
                self._run([self.terraform, command[0], "-input=false", *command[1:]], roots / name)

        def all_of_them() -> None:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for done in [pool.submit(one, name) for name in names]:
                    done.result()

        return self.cost(all_of_them)

    def cost(self, what: Callable[[], None]) -> Cost:
        """What calling it costs, all child processes included."""
        self._log.write_text("")
        self._requests.count, used, began = 0, _used(), time.monotonic()
        what()
        seconds = time.monotonic() - began
        return Cost(seconds, _used() - used, len(self._log.read_text().splitlines()), self._requests.count)

    def _run(self, command: Sequence[str], folder: Path) -> None:
        done = subprocess.run(command, cwd=folder, env=self.variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")


class Requests(logging.Handler):
    """Counts the requests that the AWS answers, as its web server logs them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        server = logging.getLogger("werkzeug")
        server.handlers, server.propagate = [self], False
        server.setLevel(logging.INFO)

    def emit(self, _: logging.LogRecord) -> None:
        """One more."""
        self.count += 1


def main(sizes: Sequence[int] = SIZES) -> None:
    """Measure each size, and print a table of it."""
    put_tools_on_path()
    bare_import = _import_of_prefect()
    print(f"import prefect: {bare_import:.2f} CPU s")
    for units in sizes:
        with scene(units) as found:
            _table(found, bare_import)


@contextmanager
def scene(units: int) -> Iterator[Scene]:
    """A scene in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder, at_once.bucket() as variables:
        yield Scene(Path(folder), units, variables)


def _table(found: Scene, bare_import: float) -> None:
    first = ("init",), ("plan", "-out=plan"), ("apply", "plan")
    print(
        f"\n{len(found.names):4} units   |  product: s    CPU  terraform requests |  bare: s    CPU |  ratio    CPU"
    )
    product = found.flowmart("promote", "--to", "dev")
    again = found.flowmart("promote", "--to", "dev")
    drift = found.flowmart("drift", "dev")
    found.paint(found.names[-1], "green")
    found.mini.commit()
    changed = found.flowmart("promote", "--to", "dev")
    roots = found.folder / "bare"
    copytree(found.mini.repository / "infrastructure/roots", roots)
    for file in roots.glob("*/main.tf"):
        file.write_text(file.read_text().replace("states/", "bare/"))
    bare = found.bare(roots, found.names, *first)
    refreshed = found.bare(roots, found.names, ("plan", "-refresh-only"))
    last = found.bare(roots, found.names[-1:], *first)
    _row("first promotion", product, bare)
    _row("drift", drift, refreshed)
    _row("one changed", changed, last)
    print(f"{'nothing changed':<14} {_told(again)} | {again.cpu / bare_import:.2f} x import prefect (CPU)")


def _row(name: str, product: Cost, bare: Cost) -> None:
    plain = f"{bare.seconds:8.1f} {bare.cpu:6.1f}"
    print(
        f"{name:<14} {_told(product)} | {plain} | {product.seconds / bare.seconds:6.2f} {product.cpu / bare.cpu:6.2f}"
    )


def _told(cost: Cost) -> str:
    return f"{cost.seconds:10.1f} {cost.cpu:6.1f} {cost.processes:10} {cost.requests:8}"


def _import_of_prefect() -> float:
    used = _used()
    subprocess.run([sys.executable, "-c", "import prefect"], check=True)
    return _used() - used


def _used() -> float:
    """The AWS is in this process, and no part of what is measured."""
    return cpu_seconds(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or SIZES)
