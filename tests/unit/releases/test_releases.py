"""Releases: the same content is the same release, and a unit's digest is over exactly what it reads."""

from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, NotFound
from tasks.engines.terraform.sources import reads
from tasks.releases import releases
from tests.mini import MiniPlatform


@pytest.fixture
def mini(tmp_path: Path) -> MiniPlatform:
    return MiniPlatform(tmp_path)


def test_the_same_content_is_the_same_release_whatever_the_commit(mini: MiniPlatform) -> None:
    first = mini.release("one")
    second = mini.release("two")
    assert first == second
    assert releases.ids(mini.store) == (first.id,)


def test_what_is_not_committed_is_not_released(mini: MiniPlatform) -> None:
    before = mini.release()
    mini.paint("dev", "green")
    assert releases.create(mini.repository, "HEAD", mini.store) == before


def test_only_what_a_unit_reads_changes_its_digest(mini: MiniPlatform) -> None:
    before = mini.release().units
    mini.paint("dev", "green")
    after = mini.release().units
    assert {unit for unit in before if before[unit] != after[unit]} == {"dev/first"}


def test_a_changed_check_changes_its_units(mini: MiniPlatform) -> None:
    before = mini.release().units
    platform = mini.repository / "infrastructure/platform.yaml"
    platform.write_text(platform.read_text().replace("within: 1s", "within: 2s", 1))
    after = mini.release().units
    assert {unit for unit in before if before[unit] != after[unit]} == {"dev/first", "staging/first"}


def test_a_checkout_holds_what_was_released(mini: MiniPlatform, tmp_path: Path) -> None:
    release = mini.release()
    mini.paint("dev", "green")
    infrastructure = releases.checkout(mini.store, release.id, tmp_path / "checkout")
    assert '"blue"' in (infrastructure / "terraform/dev/first/main.tf").read_text()


def test_an_archive_that_was_changed_is_refused(mini: MiniPlatform, tmp_path: Path) -> None:
    good, archives = mini.release(), Path(mini.store.address) / "releases"
    mini.paint("dev", "green")
    other = mini.release()
    (archives / f"{good.id}.tar.gz").write_bytes((archives / f"{other.id}.tar.gz").read_bytes())
    with pytest.raises(InvalidInput, match=rf"release {good.id}: its archive .* is not what was released"):
        releases.checkout(mini.store, good.id, tmp_path / "checkout")


def test_a_release_is_found_by_how_its_id_begins(mini: MiniPlatform) -> None:
    release = mini.release()
    assert releases.load(mini.store, release.id[:4]) == release


def test_an_unknown_release_says_what_to_do(mini: MiniPlatform) -> None:
    with pytest.raises(NotFound, match="`flowmart release list` shows all"):
        releases.load(mini.store, "ffff")


def test_an_unknown_ref_names_the_repository_and_the_ref(mini: MiniPlatform) -> None:
    mini.release()
    with pytest.raises(InvalidInput, match=r"repository: git has no commit nowhere"):
        releases.create(mini.repository, "nowhere", mini.store)


def test_a_commit_with_a_wrong_platform_is_no_release(mini: MiniPlatform) -> None:
    mini.append("platform.yaml", "nonsense: 1\n")
    with pytest.raises(InvalidInput, match=r"platform\.yaml:\d+: nonsense"):
        mini.release()
    assert releases.ids(mini.store) == ()


class TestWhatATerraformRootReads:
    @pytest.fixture
    def infrastructure(self, tmp_path: Path) -> Path:
        files = {
            "terraform/dev/main.tf": 'module "a" {\n  source = "../modules/a"\n}\n',
            "terraform/dev/values.auto.tfvars": "x = 1\n",
            "terraform/dev/README.md": "not read\n",
            "terraform/dev/tests/a.tftest.hcl": "",
            "terraform/modules/a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
            "terraform/modules/a/templates/user_data.sh.tftpl": "",
            "terraform/modules/b/main.tf": 'locals { shared = file("${path.module}/../../shared.json") }\n',
            "terraform/modules/c/main.tf": "",
            "terraform/shared.json": "{}",
        }
        for name, text in files.items():
            file = tmp_path / "infrastructure" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path / "infrastructure"

    def test_its_folder_its_modules_and_the_files_they_name(self, infrastructure: Path) -> None:
        assert reads(infrastructure, "terraform/dev") == (
            "terraform/dev/main.tf",
            "terraform/dev/values.auto.tfvars",
            "terraform/modules/a/main.tf",
            "terraform/modules/a/templates/user_data.sh.tftpl",
            "terraform/modules/b/main.tf",
            "terraform/shared.json",
        )

    def test_nothing_outside_of_the_release(self, infrastructure: Path) -> None:
        (infrastructure.parent / "elsewhere").mkdir()
        (infrastructure.parent / "elsewhere/main.tf").write_text("")
        (infrastructure / "terraform/dev/main.tf").write_text('module "x" { source = "../../../elsewhere" }\n')
        with pytest.raises(InvalidInput, match="outside of infrastructure/ and so not in a release"):
            reads(infrastructure, "terraform/dev")
