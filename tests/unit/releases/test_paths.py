"""A release of a repository whose code is not below infrastructure/: its `paths`, and sources relative to its top."""

from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.ledger.history import History
from tasks.releases import commits
from tasks.releases.contents import File
from tests.platforms.mini import MiniPlatform

PLATFORM = """
platform: flowmart
paths: [{paths}]
environments:
  dev: {{}}
units:
  app:
    engine: terraform
    source: {source}
    environments: [dev]
"""
ROOT = """
terraform {
  backend "local" { path = "/var/lib/app.tfstate" }
}
module "paint" { source = "../../modules/paint" }
"""
BARE = ROOT.replace("../../", "./")


class Repository(MiniPlatform):
    """A repository with its Terraform where its people had it."""

    def __init__(self, folder: Path, source: str, *paths: str, root: str = ROOT) -> None:
        super().__init__(folder)
        self.declare(source, *paths)
        self.beside(f"{source}/main.tf", root)
        self.beside("modules/paint/main.tf", 'output "colour" { value = "blue" }\n')
        self.beside("application/server.py", "print(1)\n")

    def declare(self, source: str, *paths: str) -> None:
        self.write("platform.yaml", PLATFORM.format(paths=", ".join(paths), source=source))

    def beside(self, path: str, text: str) -> None:
        file = self.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def digest(self) -> str:
        return self.release().units["dev/app"]


@pytest.mark.parametrize(
    ("source", "paths", "root"),
    [
        ("live/app", ["live", "modules"], ROOT),
        ("terraform/stacks", ["terraform/stacks", "modules/paint"], ROOT),
        (".", ["main.tf", "modules"], BARE),
        (".", ["'.'"], BARE),
        ("infrastructure/app", ["modules"], ROOT),
    ],
)
def test_a_root_anywhere_in_the_repository_is_released(
    tmp_path: Path, source: str, paths: list[str], root: str
) -> None:
    repository = Repository(tmp_path, source, *paths, root=root)
    released = repository.release()
    infrastructure = repository.releases.checkout(released.id, tmp_path / "checkout")
    folder = manifest.root(infrastructure, manifest.load(infrastructure)) / source
    assert (folder / "main.tf").read_text() == root
    assert released == repository.release("the same again")


def test_what_no_path_names_is_not_released(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    places = {file.place for file in repository.releases.files(repository.release().id)}
    assert {"live/app/main.tf", "modules/paint/main.tf", "infrastructure/platform.yaml"} <= places
    assert not any(place.startswith("application/") for place in places)


def test_only_what_a_unit_reads_outside_of_infrastructure_changes_its_digest(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    before = repository.digest()
    repository.beside("live/other/main.tf", "")
    assert repository.digest() == before
    repository.beside("modules/paint/main.tf", 'output "colour" { value = "green" }\n')
    assert repository.digest() != before


def test_what_a_symlink_leads_to_outside_of_infrastructure_is_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules", "common")
    repository.beside("common/all.tfvars", "x = 1\n")
    (repository.repository / "live/app/all.auto.tfvars").symlink_to("../../common/all.tfvars")
    before = repository.digest()
    repository.beside("common/all.tfvars", "x = 2\n")
    assert repository.digest() != before


def test_a_symlink_out_of_the_release_is_refused_with_the_key_that_adds_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    (repository.repository / "live/app/server.py").symlink_to("../../application/server.py")
    with pytest.raises(InvalidInput, match=r"live/app/server\.py is a symlink to .*application.* add .* to `paths`"):
        repository.release()


def test_a_symlink_out_of_infrastructure_to_what_is_released_is_right(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    (repository.repository / "infrastructure/modules").symlink_to("../modules")
    assert File("modules", "link", b"../modules") in repository.releases.files(repository.release().id)


def test_a_module_that_no_path_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match=r"module paint is \.\./\.\./modules/paint, a folder that is not in the re"
    ):
        Repository(tmp_path, "live/app", "live").release()


@pytest.mark.parametrize(
    ("source", "path", "told"),
    [
        ("live/app", "../elsewhere", r"'?\.\./elsewhere'? is not in the repository"),
        ("live/app", "/etc", r"is not in the repository"),
        ("live/app", "infrastructure/modules", r"is below infrastructure/, which releases consist of anyhow"),
        ("live/app", "stacks", r"has no stacks; add it and commit"),
        (
            "other/app",
            "live",
            r"other/app is not in releases, which consist of infrastructure, live: add it to paths",
        ),
        ("../app", "live", r"is not in the repository: name a folder of it"),
        ("live/lost", "live", r"there is no folder live/lost\..* Folders in live: app"),
    ],
)
def test_a_path_or_source_that_is_wrong_says_what_is_right(tmp_path: Path, source: str, path: str, told: str) -> None:
    repository = Repository(tmp_path, "live/app", "live")
    repository.beside("other/app/main.tf", "")
    repository.declare(source, path)
    with pytest.raises(InvalidInput, match=told):
        repository.release()


def test_a_path_that_is_a_symlink_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules", "far")
    (repository.repository / "far").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="far is a symlink to"):
        repository.release()
    with pytest.raises(InvalidInput, match="far is a symlink that leads out of the repository"):
        manifest.load(repository.repository / "infrastructure")


def test_who_changed_released_code_outside_of_infrastructure_is_an_author(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    repository.commit()
    base = commits.commit_of(repository.repository, "HEAD").hash
    repository.beside("application/server.py", "print(2)\n")
    repository.commit(author="Someone Else")
    repository.beside("modules/paint/main.tf", "")
    repository.commit(author="Anna")
    assert [author.split(" <")[0] for author in commits.authors_between(repository.repository, base, "HEAD")] == [
        "Anna"
    ]
    assert commits.last_changes(repository.repository, base, "HEAD").keys() == {"../modules/paint/main.tf"}
    assert len(commits.times_between(repository.repository, base, "HEAD")) == 1


def test_a_path_is_no_pattern_that_leaves_authors_out(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules", "':(exclude)infrastructure'")
    repository.beside(":(exclude)infrastructure/README.md", "a folder with an odd name\n")
    repository.commit()
    base = commits.commit_of(repository.repository, "HEAD").hash
    repository.write("README.md", "changed\n")
    repository.commit(author="Anna")
    assert len(commits.authors_between(repository.repository, base, "HEAD")) == 1


def test_uncommitted_changes_count_where_they_would_be_released(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "live/app", "live", "modules")
    repository.commit()
    repository.beside("application/server.py", "print(3)\n")
    assert not commits.has_uncommitted(repository.repository)
    repository.beside("live/app/more.tf", "")
    assert commits.has_uncommitted(repository.repository)


def test_a_store_gives_back_the_release_of_a_whole_repository(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ".", "'.'", root=BARE)
    released = repository.release()
    History(repository.settings).releases.audit(released.id, [])
