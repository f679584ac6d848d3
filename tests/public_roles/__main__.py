"""`python -m tests.public_roles [--from FOLDER] [ROLE ...]`: which public roles of Ansible's go through.

git fetches them, which needs a network; `--from` names a folder of clones instead, OWNER/NAME below it. Exit code 1
when one fails: what is refused before anything is applied does not count as failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

import structlog

from deployments.setup import put_tools_on_path
from tests.peers.tools import tool
from tests.public_charts.__main__ import counts, line
from tests.public_charts.story import End, Told
from tests.public_roles.platform import ENVIRONMENT, PublicPlatform
from tests.public_roles.sources import ROLES, PublicRole, fetched
from tests.public_roles.story import RoleStory
from tests.servers.hosts import SandboxHosts


def main(arguments: list[str]) -> int:
    """Tell the story of each, then the counts; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_roles", description=__doc__)
    parser.add_argument("--from", dest="clones", type=Path, metavar="FOLDER", help="clones of the repositories")
    parser.add_argument("role", nargs="*", help="parts of names; all by default")
    wanted = parser.parse_args(arguments)
    put_tools_on_path()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ends = []
    with tempfile.TemporaryDirectory(prefix="flowmart-roles-") as name:
        work = Path(name)
        clones = (wanted.clones or fetched(work / "clones")).resolve()
        roles = [role for role in ROLES if not wanted.role or any(part in role.repository for part in wanted.role)]
        for number, role in enumerate(roles):
            ends.append(told(role, work / str(number), clones))
            print(line(role.repository, ends[-1]), flush=True)
    print("\n".join([*counts(ends)[:-1], f"{len(ends):>4} roles"]))
    return 1 if any(end.end is End.FAILED for end in ends) else 0


def told(role: PublicRole, folder: Path, clones: Path) -> Told:
    """The story of one, on a host of its own."""
    folder.mkdir()
    hosts = SandboxHosts(folder / "hosts", ENVIRONMENT)
    try:
        os.environ |= {**hosts.variables(), "FLOWMART_ANSIBLE": tool("ansible-playbook")}
        return RoleStory(PublicPlatform(folder, role, clones), hosts).told()
    finally:
        hosts.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
