"""`python -m tests.public_templates [--from FOLDER] [TEMPLATE ...]`: which public templates go through the sandbox.

git fetches them, which needs a network; `--from` names a clone instead. Exit code 1 when a template fails: what is
refused before anything is made does not count as failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.public_templates.platform import ENVIRONMENT, infrastructure
from tests.public_templates.story import End, Story, Told
from tests.public_templates.templates import below_of, fetched, templates_of
from tests.public_templates.values import neighbours
from tests.sandboxes import started

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Tell the story of each template, then the counts; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_templates", description=__doc__)
    parser.add_argument("--from", dest="clone", type=Path, metavar="FOLDER", help="a clone of the templates")
    parser.add_argument("template", nargs="*", help="parts of paths; all templates by default")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="flowmart-templates-") as name:
        folder = Path(name)
        clone = wanted.clone or fetched(folder / "clone")
        all_ = list(templates_of(clone))
        found = [t for t in all_ if not wanted.template or any(part in t.name for part in wanted.template)]
        with started(infrastructure(folder / "infrastructure", PROJECT), prefect=False) as sandbox:
            os.environ.update(sandbox.variables)
            there = neighbours(sandbox.administrator(ENVIRONMENT))
            told = {}
            for number, template in enumerate(found):
                below = next((each for each in all_ if each.name == below_of(template.name)), None)
                own = folder / f"public-{number}"
                under = Story(below, sandbox, there, folder / f"below-{number}") if below else None
                told[template.name] = Story(template, sandbox, there, own, under).told()
                print(line(template.name, told[template.name]), flush=True)
    print("\n".join(counts(list(told.values()))))
    return 1 if any(end.end is End.FAILED for end in told.values()) else 0


def line(name: str, told: Told) -> str:
    """How one template's story ended."""
    why = f"{told.step}: {told.why}" if told.end is not End.NOT_EMULATED else told.why
    return f"{told.end.value:<13} {name}" + (f"  {' '.join(why.split())}" if told.why else "")


def counts(told: list[Told]) -> list[str]:
    """How many ended how, and which types stand in the way of most."""
    ends = Counter(each.end for each in told)
    missing = Counter(each.why.partition(" of ")[0] for each in told if each.end is End.NOT_EMULATED)
    return [
        *(f"{ends[end]:>4} {end.value}" for end in End),
        f"{len(told):>4} templates",
        *(f"{count:>4} x not emulated: {what}" for what, count in missing.most_common(20)),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
