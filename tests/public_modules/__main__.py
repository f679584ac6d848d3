"""`python -m tests.public_modules [--from FOLDER] [MODULE ...]`: which of the six modules go through the sandbox.

git fetches the modules, and terraform every provider but hashicorp/aws: that needs a network. `--from` names a folder
of clones, terraform-aws-vpc and so on, that git reads instead. Exit code 1 when a step fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from deployments.setup import put_tools_on_path
from tests.public_modules.modules import MODULES, Module
from tests.public_modules.platform import infrastructure
from tests.public_modules.story import Story
from tests.servers.sandboxes import Sandbox, started

PROJECT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/terraform-aws-modules/"


def main(arguments: list[str]) -> int:
    """Tell the story of each module; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_modules", description=__doc__)
    parser.add_argument("--from", dest="clones", type=Path, metavar="FOLDER", help="clones of the modules")
    parser.add_argument("module", nargs="*", help="all by default")
    wanted = parser.parse_args(arguments)
    put_tools_on_path()
    with tempfile.TemporaryDirectory(prefix="flowmart-modules-") as name:
        folder = Path(name)
        if wanted.clones:
            read_clones(wanted.clones.resolve(), folder)
        with started(infrastructure(folder / "infrastructure"), prefect=False) as sandbox:
            os.environ.update(sandbox.variables)
            chosen = [module for module in MODULES if not wanted.module or module.name in wanted.module]
            good = [_told(module, sandbox, folder / module.name) for module in chosen]
    print(f"{sum(good)} of {len(good)} modules go through")
    return 0 if all(good) else 1


def read_clones(clones: Path, folder: Path) -> None:
    """Let every git that is started from here read a folder in place of the address in the roots."""
    configuration = folder / "gitconfig"
    configuration.write_text(f'[url "{clones}/"]\n\tinsteadOf = {ADDRESS}\n')
    os.environ["GIT_CONFIG_GLOBAL"] = str(configuration)


def _told(module: Module, sandbox: Sandbox, folder: Path) -> bool:
    good = True
    for step in Story(module, sandbox, folder).told():
        good = not step.wrong
        print(f"{module.name:<15} {step.name:<10} {step.seconds:6.1f} s  {step.wrong or 'ok'}", flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
