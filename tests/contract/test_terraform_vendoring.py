"""Modules from elsewhere are part of a release by their content: whatever happens to their tags and servers."""

from __future__ import annotations

import functools
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput, Unanswered
from tasks.engines.base import Fetching, Workspace
from tasks.engines.terraform import vendored, vendoring
from tasks.processes import Processes
from tasks.promotion.checkouts import StoredCheckouts
from tests.platforms.terraform_roots import EXECUTABLE, Root, applied, planned, released

MODULE = 'module "inner" { source = "./inner" }\noutput "colour" { value = module.inner.colour }\n'
INNER = 'output "colour" { value = "%s" }\n'


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


class GitServer:
    """A repository with a module that a server on loopback offers; its tag v1 can be moved."""

    def __init__(self, folder: Path) -> None:
        self.work, self.bare = folder / "work", folder / "served/shop.git"
        (self.work / "paint/inner").mkdir(parents=True)
        (self.work / "paint/main.tf").write_text(MODULE)
        self._git("init", "--quiet")
        subprocess.run(["git", "init", "--quiet", "--bare", str(self.bare)], check=True)
        handler = functools.partial(_Quiet, directory=str(self.bare.parent))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def source(self) -> str:
        return f"git::http://127.0.0.1:{self.server.server_port}/shop.git//paint?ref=v1"

    def tag(self, colour: str) -> None:
        """Move the tag to a module of this colour."""
        (self.work / "paint/inner/main.tf").write_text(INNER % colour)
        self._git("add", "--all")
        identity = ("-c", "user.name=tester", "-c", "user.email=tester@flowmart.example")
        self._git(*identity, "commit", "--quiet", "-m", colour)
        self._git("tag", "--force", "v1")
        self._git("push", "--quiet", "--force", str(self.bare), "HEAD:refs/heads/main", "v1")
        subprocess.run(["git", "-C", str(self.bare), "update-server-info"], check=True)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.work), *arguments], check=True, capture_output=True)


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    made = GitServer(tmp_path)
    made.tag("blue")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def release(root: Root, source: str, **options: object) -> Workspace:
    """A release of a root with a local module that calls the one at `source`, made as `create` makes one."""
    code = 'module "near" { source = "../near" }\noutput "colour" { value = module.near.colour }\n'
    workspace = root.release(code, options=options)
    near = workspace.folder.parent / "near"
    near.mkdir()
    near.joinpath("main.tf").write_text(
        f'module "far" {{ source = "{source}" }}\noutput "colour" {{ value = module.far.colour }}\n'
    )
    vendoring.vendor(workspace.infrastructure, workspace.unit, Fetching(EXECUTABLE, Processes()))
    return workspace


def test_a_moved_tag_and_a_server_that_is_gone_change_nothing(root: Root, git: GitServer) -> None:
    workspace = release(root, git.source)
    git.tag("green")
    git.server.shutdown()
    git.server.server_close()
    assert not (workspace.folder / ".terraform").exists()
    assert applied(workspace).outputs == {"colour": "blue"}
    assert not [told for told in planned(workspace).warnings if "not in the release" in told]


PLATFORM = """
platform: shop
environments: {dev: {}}
units:
  first: {engine: terraform, source: app, environments: [dev]}
"""
CODE = """
terraform {{
  backend "local" {{ path = "{state}" }}
}}
module "far" {{ source = "{source}" }}
output "colour" {{ value = module.far.colour }}
"""


def test_a_release_stays_what_it_was_and_is_found_by_its_commit(tmp_path: Path, root: Root, git: GitServer) -> None:
    code = CODE.format(state=root.state_file, source=git.source)
    files = {"infrastructure/platform.yaml": PLATFORM, "infrastructure/app/main.tf": code}
    releases, made = released(tmp_path, files)
    repository = tmp_path / "repository"
    assert releases.create(repository, "HEAD", "tester").id == made
    assert releases.find(repository, "HEAD").id == made
    git.tag("green")
    later = releases.create(repository, "HEAD", "tester")
    git.server.shutdown()
    assert later.id != made
    assert later.units["dev/first"] != releases.load(made).units["dev/first"]
    checkout = StoredCheckouts(releases, tmp_path / "run").of(made)
    unit = manifest.resolve(checkout.platform, "dev", "first")
    assert applied(root.at(checkout.root_of("first"), unit, made)).outputs == {"colour": "blue"}


def test_a_folder_that_releases_keep_for_themselves_is_refused_in_a_commit(tmp_path: Path) -> None:
    files = {"infrastructure/platform.yaml": PLATFORM, "infrastructure/.flowmart/modules/x/main.tf": ""}
    with pytest.raises(InvalidInput, match=r"infrastructure/\.flowmart/modules/x/main\.tf: the folder .* remove it"):
        released(tmp_path, files)


def test_what_a_unit_reads_changes_with_the_content_of_a_module(root: Root, git: GitServer) -> None:
    one, same = release(root, git.source), release(root, git.source)
    git.tag("green")
    other = release(root, git.source)

    def contents(workspace: Workspace) -> str:
        (path,) = vendored.reads(workspace.infrastructure, workspace.unit.source)
        return (workspace.infrastructure / path).read_text()

    assert contents(one) == contents(same) != contents(other)
    assert not [*other.infrastructure.rglob(".git")]


def test_a_module_that_cannot_be_fetched_is_told_when_the_release_is_made(root: Root, git: GitServer) -> None:
    with pytest.raises(
        InvalidInput, match=r"terraform/dev/first: its modules cannot be taken into the release: .*v9"
    ):
        release(root, git.source.replace("v1", "v9"))


def test_a_server_of_modules_that_does_not_respond_is_no_mistake(root: Root) -> None:
    with pytest.raises(Unanswered, match="its modules cannot be taken into the release"):
        release(root, "git::http://127.0.0.1:1/net.git?ref=v1")


def test_a_unit_that_leaves_its_modules_elsewhere_says_so_in_its_plan(root: Root, git: GitServer) -> None:
    workspace = release(root, git.source, vendor=False)
    git.tag("green")
    plan = planned(workspace)
    assert f"not in the release, fetched anew for each environment: far ({git.source})" in plan.warnings
    assert plan.outputs == {"colour": "green"}


def test_units_of_one_root_share_what_was_fetched(root: Root, git: GitServer) -> None:
    workspace = release(root, git.source)
    git.server.shutdown()
    second = replace(workspace.unit, name="second")
    vendoring.vendor(workspace.infrastructure, second, Fetching(EXECUTABLE, Processes()))
    assert applied(replace(workspace, unit=second)).outputs == {"colour": "blue"}


def test_a_root_without_modules_from_elsewhere_needs_no_tool(root: Root) -> None:
    workspace = root.painted("blue")
    vendoring.vendor(workspace.infrastructure, workspace.unit, Fetching("no-such-program", Processes()))
    assert vendored.reads(workspace.infrastructure, workspace.unit.source) == ()
