"""Roles and collections of others, installed by the real ansible-galaxy when a release is made."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, Unanswered
from tasks.domain.platform import Unit
from tasks.engines.ansible.sources import reads
from tasks.engines.ansible.vendoring import vendor
from tasks.engines.base import Fetching
from tasks.processes import Processes
from tests.peers.tools import tool

UNIT = Unit("web", "ansible", "web", ("dev",))
META = "galaxy_info: {author: shop, description: paint, license: MIT, min_ansible_version: '2.15'}\n"
COLLECTION = "namespace: shop\nname: tools\nversion: 1.10.0\nreadme: README.md\nauthors: [shop]\n"


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def role(folder: Path, colour: str) -> Path:
    return written(folder, {"meta/main.yml": META, "tasks/main.yml": f"- ansible.builtin.debug: {{msg: {colour}}}\n"})


def of_git(folder: Path) -> Path:
    """A repository with the tag 1.10 on a role that says blue, and another commit after it."""
    git = ("git", "-C", str(role(folder, "blue")), "-c", "user.name=a", "-c", "user.email=a@shop.example")
    commit = (*git, "commit", "--quiet", "--all", "--message", "paint")
    for argv in ((*git, "init", "--quiet"), (*git, "add", "."), commit, (*git, "tag", "1.10")):
        subprocess.run(argv, check=True, timeout=60)
    role(folder, "red")
    subprocess.run(commit, check=True, timeout=60)
    return folder


def vendored(root: Path) -> None:
    vendor(root, UNIT, Fetching(tool("ansible-playbook"), Processes()))


def test_what_is_required_from_git_and_from_files_is_in_the_release(tmp_path: Path) -> None:
    repository, root = of_git(tmp_path / "paint"), tmp_path / "infrastructure"
    with tarfile.open(tmp_path / "varnish.tar.gz", "w:gz") as archive:
        archive.add(role(tmp_path / "varnish", "clear"), "varnish")
    written(
        tmp_path / "infrastructure/web/own",
        {"galaxy.yml": COLLECTION, "README.md": "", "roles/hello/tasks/main.yml": "[]"},
    )
    written(
        root,
        {
            "web/playbook.yml": "- hosts: all\n  roles: [paint, varnish, shop.tools.hello]\n",
            "web/requirements.yml": (
                f"roles:\n  - {{name: paint, src: 'file://{repository}', scm: git, version: '1.10'}}\n"
                f"  - {{name: varnish, src: 'file://{tmp_path}/varnish.tar.gz'}}\n"
                "collections:\n  - {name: ./own, type: dir}\n"
            ),
        },
    )
    with pytest.raises(InvalidInput, match="there is no role paint"):
        reads(root, "web")
    vendored(root)
    assert "blue" in (root / "web/roles/paint/tasks/main.yml").read_text()
    assert "clear" in (root / "web/roles/varnish/tasks/main.yml").read_text()
    read = reads(root, "web")
    assert "web/roles/paint/tasks/main.yml" in read
    assert "web/collections/ansible_collections/shop/tools/roles/hello/tasks/main.yml" in read
    # Nothing that has the time of day in it.
    assert not list((root / "web").rglob(".galaxy_install_info"))

    # What is there already stays.
    (root / "web/roles/paint/tasks/main.yml").write_text("# ours\n")
    vendored(root)
    assert (root / "web/roles/paint/tasks/main.yml").read_text() == "# ours\n"


def test_what_cannot_be_installed_is_told_with_what_to_do(tmp_path: Path) -> None:
    required = f"- {{name: paint, src: 'file://{tmp_path}/missing', scm: git, version: '1.0'}}\n"
    written(tmp_path, {"web/playbook.yml": "[]", "web/requirements.yml": required})
    with pytest.raises(
        InvalidInput, match=r"web: requirements.yml: roles cannot be taken into the release: .*commit them"
    ):
        vendored(tmp_path)


@pytest.mark.parametrize("source", ["{src: 'http://127.0.0.1:1/paint.git', scm: git}", "{src: paint.shop}"])
def test_a_server_of_roles_that_does_not_respond_is_no_mistake(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", "http://127.0.0.1:1/")
    required = f"- {source[:-1]}, name: paint, version: '1.0'}}\n"
    written(tmp_path, {"web/playbook.yml": "[]", "web/requirements.yml": required})
    with pytest.raises(Unanswered, match="roles cannot be taken into the release"):
        vendored(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("requirements.yml", "- shop.paint\n", "role shop.paint has no version"),
        ("requirements.yml", "- src: shop.paint\n", "role shop.paint has no version"),
        (
            "roles/requirements.yml",
            "roles: [{name: paint, src: 'https://git.example/paint', scm: git}]",
            "has no version",
        ),
        ("requirements.yml", "collections: [shop.tools]\n", "collection shop.tools has no version"),
        (
            "collections/requirements.yml",
            "collections: [{name: shop.tools, version: '>=1.0.0'}]",
            "version '>=1.0.0'",
        ),
        ("requirements.yml", "collections: [{name: shop.tools, version: '*'}]", r"version '\*'"),
        ("requirements.yml", "- {src: shop.paint, version: 1.10}\n", "takes the version for a number: quote it"),
        ("requirements.yml", "roles: {paint: 1.0}\n", "roles must be a list"),
        ("requirements.yml", "text\n", "must hold roles and collections"),
        ("requirements.yml", "roles: [\n", "is not valid YAML"),
    ],
)
def test_what_is_not_pinned_or_cannot_be_read_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    written(tmp_path, {"web/playbook.yml": "[]", f"web/{name}": text})
    with pytest.raises(InvalidInput, match=rf"web: {name}: .*{said}"):
        vendored(tmp_path)
