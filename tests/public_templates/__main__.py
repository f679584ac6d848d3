"""`python -m tests.public_templates [--from FOLDER] [TEMPLATE ...]`: which public templates go through the sandbox.

git fetches them, which needs a network; `--from` names a clone instead. `--results` names a file that keeps how each
template ended, and those that are in it are left out: a run that was cut off goes on. Exit code 1 when a template
fails: what is refused before anything is made does not count as failed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from deployments.sandbox import Sandbox, up
from deployments.sandbox.layout import SandboxLayout
from tests.public_templates.platform import ENVIRONMENT, infrastructure
from tests.public_templates.results import Results
from tests.public_templates.story import End, Story, Told
from tests.public_templates.templates import PublicTemplate, below_of, fetched, images_of, templates_of
from tests.public_templates.values import neighbours
from tests.servers import sandboxes

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Tell the story of each template, then the counts; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_templates", description=__doc__)
    parser.add_argument("--from", dest="clone", type=Path, metavar="FOLDER", help="a clone of the templates")
    parser.add_argument("--results", type=Path, metavar="FILE", help="go on with what it lacks, and add it")
    parser.add_argument("template", nargs="*", help="parts of paths; all templates by default")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="flowmart-templates-") as name, sandboxes.folder() as root:
        work = Path(name)
        all_ = list(templates_of(wanted.clone or fetched(work / "clone")))
        sandbox = _started(root, work, all_)
        there = neighbours(sandbox.administrator(ENVIRONMENT))
        results = Results(wanted.results or work / "results.jsonl")
        for number, template in enumerate(all_):
            if template.name in results.told or not _is_wanted(template, wanted.template):
                continue
            below = next((each for each in all_ if each.name == below_of(template.name)), None)
            under = Story(below, sandbox, there, work / f"below-{number}") if below else None
            told = Story(template, sandbox, there, work / f"public-{number}", under).told()
            results.keep(template.name, told)
            print(line(template.name, told), flush=True)
    print("\n".join(counts(list(results.told.values()))))
    return 1 if any(end.end is End.FAILED for end in results.told.values()) else 0


def _is_wanted(template: PublicTemplate, parts: list[str]) -> bool:
    return not parts or any(part in template.name for part in parts)


def _started(root: Path, work: Path, templates: list[PublicTemplate]) -> Sandbox:
    """A sandbox that has the images which the templates name."""
    images = SandboxLayout(root).images
    images.parent.mkdir()
    images.write_text("\n".join(images_of(templates)))
    own = infrastructure(work / "infrastructure")
    sandbox = up(root, sandboxes.silent, infrastructure=own, prefect=False)
    os.environ.update(sandbox.variables)
    return sandbox


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
