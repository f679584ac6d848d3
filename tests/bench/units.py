"""`python -m tests.bench.units [20 100 ...]`: what many Terraform units cost, beside bare terraform in the same run.

Units of `terraform_data` with their state in a bucket, four at once, with a Prefect server. Each row is measured for
the product and for the bare commands that a person would run for the same: `init`, `plan -out` and `apply` of every
unit, or a refresh-only plan. CPU seconds are those of all processes, so they hold on a busy machine, too; those of
the server and of AWS are no part of them. Processes are Terraform's, requests those to the store and to the states.
"""

from __future__ import annotations

import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copytree, which

from deployments.setup import put_tools_on_path
from tests.bench import prefect_calls
from tests.bench.costs import FLOWMART, Requests, compile_all, import_of_prefect, of_command, without_ours
from tests.bench.measures import Cost, Measure, table
from tests.bench.relay import Relay
from tests.faults import at_once
from tests.platforms.mini import S3_BACKEND, MiniPlatform

SIZES = (20, 100)
AT_ONCE = 4
START = 1.2
"""How much more than `import prefect` the start of a promotion may cost."""

ROOT = (
    S3_BACKEND
    + """resource "terraform_data" "it" {{ input = "{colour}" }}
output "colour" {{ value = terraform_data.it.output }}
"""
)
SHIM = """#!/bin/sh
echo "$1" >>{log}
exec {terraform} "$@"
"""


class Scene:
    """A platform of so many units, an AWS with a bucket, and counters.

    Args:
        folder: for repository and counters.
        units: how many.
        variables: what leads to the bucket.
        prefect: leads to a Prefect server, and counts what that is asked.
    """

    def __init__(self, folder: Path, units: int, variables: Mapping[str, str], prefect: Relay) -> None:
        self.names = [f"unit-{number:04}" for number in range(units)]
        self.folder = folder
        self._log, self._requests, self._calls = folder / "terraform.log", Requests(), prefect
        self._bucket = variables["FLOWMART_STORE"].removeprefix("s3://")
        shim = folder / "terraform"
        shim.write_text(SHIM.format(log=self._log, terraform=which("terraform")))
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        self.terraform = str(shim)
        self.mini = MiniPlatform(folder)
        product = {"FLOWMART_REPOSITORY": str(self.mini.repository), "FLOWMART_TERRAFORM": self.terraform}
        self.variables = {
            **without_ours(),
            **variables,
            **product,
            "PREFECT_API_URL": f"{prefect.address}/api",
            "PREFECT_HOME": str(folder / "prefect"),
        }
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
        return self.counted(lambda: of_command([*FLOWMART, *arguments], self.variables))

    def bare(self, roots: Path, names: Sequence[str], *commands: Sequence[str]) -> Cost:
        """What terraform's commands cost for some units, as many at once as the product takes."""

        def one(name: str) -> Cost:
            commanded = ([self.terraform, verb, "-input=false", *rest] for verb, *rest in commands)
            return sum((of_command(each, self.variables, roots / name) for each in commanded), Cost(0))

        def all_of_them() -> Cost:
            began = time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                spent = sum(pool.map(one, names), Cost(0))
            return replace(spent, seconds=time.monotonic() - began)

        return self.counted(all_of_them)

    def counted(self, what: Callable[[], Cost]) -> Cost:
        """What calling it costs, with what was asked and started meanwhile."""
        self._log.write_text("")
        self._requests.count = 0
        self._calls.asked.clear()
        cost = what()
        processes = len(self._log.read_text().splitlines())
        return replace(cost, processes=processes, requests=self._requests.count, calls=len(self._calls.asked))


def measured(sizes: Sequence[int] = SIZES) -> Iterator[Measure]:
    """The rows of each size."""
    put_tools_on_path()
    compile_all()
    bare_import = import_of_prefect()
    for units in sizes:
        with scene(units) as found:
            yield from _rows(found, bare_import)


@contextmanager
def scene(units: int) -> Iterator[Scene]:
    """A scene in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder,
        at_once.bucket() as variables,
        prefect_calls.server() as prefect,
    ):
        yield Scene(Path(folder), units, variables, prefect)


def _rows(found: Scene, bare_import: Cost) -> Iterator[Measure]:
    first, size = (("init",), ("plan", "-out=plan"), ("apply", "plan")), f"{len(found.names)} units"
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
    start = bare_import.times(START)
    yield Measure(f"{size}: first promotion", product, found.bare(roots, found.names, *first), 1.3)
    yield Measure(f"{size}: drift", drift, found.bare(roots, found.names, ("plan", "-refresh-only")), 1.2)
    yield Measure(f"{size}: one changed", changed, found.bare(roots, found.names[-1:], *first) + start, 1.0)
    yield Measure(f"{size}: nothing changed / import prefect", again, bare_import, START)


if __name__ == "__main__":
    print("\n".join(table(measured([int(each) for each in sys.argv[1:]] or SIZES), {})))
