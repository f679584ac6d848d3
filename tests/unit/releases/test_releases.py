"""Releases: the same content is the same release, given out only as it was made, whoever asked for it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.domain.errors import DamagedRelease, InvalidInput, NotFound, UnreadableRecord
from tasks.domain.events import EnvironmentClaimed
from tasks.domain.release import Release
from tasks.engines.terraform.sources import reads
from tasks.ledger.chain import Ledger
from tasks.ledger.history import History
from tasks.releases import names, records
from tasks.releases.releases import Releases
from tests.doubles.memory_store import CountedStore
from tests.platforms.mini import MiniPlatform


@pytest.fixture
def mini(tmp_path: Path) -> MiniPlatform:
    return MiniPlatform(tmp_path)


def stored(mini: MiniPlatform, name: str) -> Path:
    """An object of the store, to damage it."""
    return Path(mini.store.address) / "releases" / name


def promote(mini: MiniPlatform, release: Release) -> None:
    """Claim an environment for a release, as every promotion does."""
    history = History(mini.settings)
    digest, provenance = records.digest(release), history.releases.latest_request(release.id)
    history.ledger.append(
        "dev",
        EnvironmentClaimed(
            release=release.id, purpose="promote", holder={}, release_digest=digest, provenance=provenance
        ),
    )


def audit(mini: MiniPlatform, release: Release) -> None:
    """As the command does it."""
    mini.releases.audit(release.id, mini.releases.promotions().get(release.id, ()))


def test_the_same_content_is_the_same_release_whatever_the_commit(mini: MiniPlatform) -> None:
    first = mini.release("one")
    assert mini.release("two") == first
    assert mini.releases.known() == (first.id,)


def test_uncommitted_changes_are_not_released(mini: MiniPlatform) -> None:
    before = mini.release()
    mini.paint("dev", "green")
    assert mini.releases.create(mini.repository, "HEAD", "tester") == before


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


def test_what_a_symlink_leads_to_changes_the_units_that_read_it(mini: MiniPlatform) -> None:
    mini.write("shared/extra.tf", "# one\n")
    (mini.repository / "infrastructure/terraform/dev/first/extra.tf").symlink_to("../../../shared/extra.tf")
    before = mini.release().units
    mini.write("shared/extra.tf", "# two\n")
    after = mini.release().units
    assert {unit for unit in before if before[unit] != after[unit]} == {"dev/first"}


def test_a_checkout_holds_what_was_released(mini: MiniPlatform, tmp_path: Path) -> None:
    release = mini.release()
    mini.paint("dev", "green")
    infrastructure = mini.releases.checkout(release.id, tmp_path / "checkout")
    assert '"blue"' in (infrastructure / "terraform/dev/first/main.tf").read_text()


def test_a_release_is_found_by_how_its_id_begins(mini: MiniPlatform) -> None:
    release = mini.release()
    assert mini.releases.load(release.id[:4]) == release


def test_a_release_is_read_once_in_a_process_and_checked_again_where_it_is_used(
    mini: MiniPlatform, tmp_path: Path
) -> None:
    made = mini.release()
    store = CountedStore(mini.store)
    releases = Releases(store, Ledger(store, "ada"))
    assert releases.load(made.id) == made
    read = store.requests
    assert releases.load(made.id) == made
    assert store.requests == read
    stored(mini, f"{made.id}.tar.gz").write_bytes(b"another")
    with pytest.raises(DamagedRelease):
        releases.checkout(made.id, tmp_path / "checkout")


def test_an_unknown_release_says_what_to_do(mini: MiniPlatform) -> None:
    with pytest.raises(NotFound, match="`flowmart release list` lists all"):
        mini.releases.load("ffff")


def test_an_unknown_ref_names_the_repository_and_the_ref(mini: MiniPlatform) -> None:
    with pytest.raises(InvalidInput, match=r"repository: git has no commit nowhere"):
        mini.releases.create(mini.repository, "nowhere", "tester")


def test_a_commit_with_an_invalid_platform_is_refused(mini: MiniPlatform) -> None:
    mini.append("platform.yaml", "nonsense: 1\n")
    with pytest.raises(InvalidInput, match=r"platform\.yaml:\d+: nonsense"):
        mini.release()
    assert mini.releases.known() == ()


class TestWhereAReleaseComesFrom:
    def test_a_revert_has_its_own_author(self, mini: MiniPlatform) -> None:
        first = mini.release("Paint it blue", author="Anna")
        mini.paint("dev", "green")
        mini.release("Paint it green", author="Ben")
        mini.paint("dev", "blue")
        assert mini.release("Revert", author="Ben") == first
        found = mini.releases.latest_request(first.id)
        assert (found.author, found.subject) == ("Ben <ben@flowmart.example>", "Revert")

    def test_all_requests_are_kept_in_order(self, mini: MiniPlatform) -> None:
        release, _ = (mini.release(subject) for subject in ("one", "two"))
        found = mini.releases.requests(release.id)
        assert [(each.number, each.provenance.subject) for each in found] == [(1, "one"), (2, "two")]

    def test_requesting_the_same_commit_twice_is_one_request(self, mini: MiniPlatform) -> None:
        release = mini.release()
        mini.releases.create(mini.repository, "HEAD", "tester")
        assert len(mini.releases.requests(release.id)) == 1

    def test_planning_a_release_does_not_change_its_author(self, mini: MiniPlatform) -> None:
        release = mini.release("Paint it blue", author="Anna")
        mini.commit("The same content", author="Ben")
        mini.releases.create(mini.repository, "HEAD", "ben", "plan")
        assert mini.releases.latest_request(release.id).subject == "Paint it blue"

    def test_a_release_that_was_only_planned_has_a_provenance(self, mini: MiniPlatform) -> None:
        mini.commit("Paint it blue")
        release = mini.releases.create(mini.repository, "HEAD", "ben", "plan", pull_request=7)
        found = mini.releases.latest_request(release.id)
        assert (found.subject, found.pull_request, found.requested_by) == ("Paint it blue", 7, "ben")

    @pytest.mark.parametrize(
        ("subject", "number"),
        [("Merge pull request #12 from anna/blue", 12), ("Paint it blue (#13)", 13), ("Paint #14 blue", None)],
    )
    def test_the_pull_request_is_read_from_githubs_subjects(
        self, mini: MiniPlatform, subject: str, number: int | None
    ) -> None:
        assert mini.releases.latest_request(mini.release(subject).id).pull_request == number

    def test_the_latest_request_is_listed_last(self, mini: MiniPlatform) -> None:
        release = mini.release("one")
        listed, damage = mini.releases.all()
        assert ([each.id for each in listed], damage) == ([release.id], ())
        assert listed[0].provenance.subject == "one"


def _edit(path: Path, **fields: object) -> None:
    content = json.loads(path.read_bytes())
    inner = content.get("release", content)
    for name, value in fields.items():
        (content if name in content else inner)[name] = value
    path.write_text(json.dumps(content, indent=1, sort_keys=True))


def _edit_units(mini: MiniPlatform, release: Release) -> None:
    _edit(stored(mini, f"{release.id}.json"), units=dict.fromkeys(release.units, "0" * 64))


def _edit_author(mini: MiniPlatform, release: Release) -> None:
    path = stored(mini, f"{release.id}/requests/00000001.json")
    _edit(path, provenance={**json.loads(path.read_bytes())["provenance"], "author": "Ben <ben@flowmart.example>"})


def _replace_archive_and_digest(mini: MiniPlatform, release: Release) -> None:
    mini.write("terraform/dev/first/added.tf", "# added\n")
    other = mini.release("another")
    archive = stored(mini, f"{other.id}.tar.gz").read_bytes()
    stored(mini, f"{release.id}.tar.gz").write_bytes(archive)
    _edit(stored(mini, f"{release.id}.json"), digest=other.digest)


def _replace_everything(mini: MiniPlatform, release: Release) -> None:
    """Even the id inside of the record fits the archive; only its name, and the ledger, do not."""
    _replace_archive_and_digest(mini, release)
    other = mini.releases.create(mini.repository, "HEAD", "tester")
    stored(mini, f"{release.id}.json").write_bytes(records.encode(other))


Damage = Callable[[MiniPlatform, Release], object]

DAMAGE: dict[str, tuple[Damage, str]] = {
    "unit digests": (_edit_units, r"its record .* (is not the one in the ledger|has other unit digests)"),
    "archive and digest": (_replace_archive_and_digest, r"its record .* cannot be read \(it was changed after"),
    "everything but the id": (_replace_everything, r"its record .* is not the one in the ledger"),
    "no record": (lambda mini, it: stored(mini, f"{it.id}.json").unlink(), r"its record .* is missing"),
    "half a record": (
        lambda mini, it: stored(mini, f"{it.id}.json").write_bytes(records.encode(it)[:50]),
        r"its record .* cannot be read",
    ),
    "an empty record": (lambda mini, it: stored(mini, f"{it.id}.json").write_bytes(b""), r"its record .* cannot be"),
    "another archive": (
        lambda mini, it: stored(mini, f"{it.id}.tar.gz").write_bytes(b"damaged"),
        r"its archive .* cannot be unpacked",
    ),
    "half an archive": (
        lambda mini, it: os.truncate(stored(mini, f"{it.id}.tar.gz"), 99),
        r"its archive .* cannot be unpacked",
    ),
    "an empty archive": (lambda mini, it: stored(mini, f"{it.id}.tar.gz").write_bytes(b""), r"its archive .* cannot"),
    "no archive": (lambda mini, it: stored(mini, f"{it.id}.tar.gz").unlink(), r"its archive .* is missing"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("promoted", [True, False], ids=["promoted", "never promoted"])
def test_a_damaged_release_is_refused_with_what_is_wrong_and_what_to_do(
    mini: MiniPlatform, tmp_path: Path, damage: Damage, told: str, promoted: bool
) -> None:
    release = mini.release()
    if promoted:
        promote(mini, release)
    damage(mini, release)
    with pytest.raises(DamagedRelease, match=rf"(?s)release {release.id}: {told}.*flowmart release create --ref"):
        mini.releases.checkout(release.id, tmp_path / "checkout")


@pytest.mark.parametrize(("damage", "told"), DAMAGE.values(), ids=DAMAGE.keys())
def test_an_audit_names_the_damage(mini: MiniPlatform, damage: Damage, told: str) -> None:
    release = mini.release()
    promote(mini, release)
    damage(mini, release)
    assert release.id in mini.releases.known()
    with pytest.raises(DamagedRelease, match=told):
        audit(mini, release)


@pytest.mark.parametrize("name", ["json", "tar.gz"])
def test_the_remedy_repairs_the_release(mini: MiniPlatform, name: str) -> None:
    release = mini.release()
    promote(mini, release)
    stored(mini, f"{release.id}.{name}").unlink()
    assert mini.releases.create(mini.repository, "HEAD", "tester") == release
    audit(mini, release)


def test_a_release_that_is_made_again_is_refused_while_it_is_damaged(mini: MiniPlatform) -> None:
    release = mini.release()
    stored(mini, f"{release.id}.tar.gz").write_bytes(b"damaged")
    with pytest.raises(DamagedRelease, match="cannot be unpacked"):
        mini.releases.create(mini.repository, "HEAD", "tester")


def test_a_record_of_another_format_names_both_formats(mini: MiniPlatform) -> None:
    release = mini.release()
    _edit(stored(mini, f"{release.id}.json"), format=2)
    with pytest.raises(UnreadableRecord, match=r"has format 2, but this flowmart reads 1"):
        mini.releases.load(release.id)


def test_an_edited_author_is_found(mini: MiniPlatform) -> None:
    release = mini.release()
    _edit_author(mini, release)
    with pytest.raises(DamagedRelease, match=r"its request .*00000001\.json .* was changed after it was written"):
        mini.releases.latest_request(release.id)


def test_an_audit_misses_the_request_that_a_release_was_promoted_by(mini: MiniPlatform) -> None:
    release = mini.release("one")
    mini.release("two")
    promote(mini, release)
    stored(mini, f"{release.id}/requests/00000002.json").unlink()
    with pytest.raises(DamagedRelease, match=r"was promoted for commit .*, but that request is not in the store"):
        audit(mini, release)


def test_an_audit_misses_a_request_in_the_middle(mini: MiniPlatform) -> None:
    release, *_ = (mini.release(subject) for subject in ("one", "two", "three"))
    stored(mini, f"{release.id}/requests/00000002.json").unlink()
    with pytest.raises(DamagedRelease, match="is missing or was replaced"):
        audit(mini, release)


def test_damage_of_one_release_does_not_hide_the_others(mini: MiniPlatform) -> None:
    good = mini.release("good")
    mini.paint("dev", "green")
    stored(mini, f"{mini.release('bad').id}.json").write_bytes(b"")
    listed, damage = mini.releases.all()
    assert ([each.id for each in listed], len(damage)) == ([good.id], 1)


def meant(mini: MiniPlatform, name: str) -> names.Meaning:
    return names.meaning(mini.releases, mini.repository, name)


def head(mini: MiniPlatform) -> str:
    command = ["git", "-C", str(mini.repository), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class TestNames:
    @pytest.mark.parametrize("name", ["HEAD", "v1", "topic/blue", "refs/heads/topic/blue"])
    def test_what_git_knows_is_a_commit(self, mini: MiniPlatform, name: str) -> None:
        mini.release()
        mini.git("tag", "v1")
        mini.git("branch", "topic/blue")
        found = meant(mini, name).commit
        assert found is not None
        assert found.hash == head(mini)

    def test_the_beginning_of_an_id_is_a_release(self, mini: MiniPlatform) -> None:
        release = mini.release()
        assert meant(mini, release.id[:6]) == names.Meaning(release=release.id)

    def test_a_name_of_both_is_refused_with_both_meanings(self, mini: MiniPlatform) -> None:
        release = mini.release()
        mini.paint("dev", "green")
        mini.release("Paint it green")
        mini.git("branch", release.id[:8])
        told = rf"could be release {release.id}, or commit {head(mini)[:12]} \(Paint it green\)"
        with pytest.raises(InvalidInput, match=told):
            meant(mini, release.id[:8])

    def test_a_branch_named_like_its_own_release_is_not_ambiguous(self, mini: MiniPlatform) -> None:
        release = mini.release()
        mini.git("branch", release.id)
        assert meant(mini, release.id).commit is not None

    @pytest.mark.parametrize("name", ["nowhere", "--all", "ffff"])
    def test_an_unknown_name_says_how_to_list_releases(self, mini: MiniPlatform, name: str) -> None:
        mini.release()
        with pytest.raises(NotFound, match="no release begins with it"):
            meant(mini, name)

    def test_without_a_repository_releases_are_known_by_their_ids(self, mini: MiniPlatform, tmp_path: Path) -> None:
        release = mini.release()
        assert names.meaning(mini.releases, tmp_path, release.id).release == release.id

    def test_the_release_of_a_commit_is_found_without_creating_one(self, mini: MiniPlatform) -> None:
        release = mini.release()
        assert mini.releases.find(mini.repository, "HEAD") == release
        assert len(mini.releases.requests(release.id)) == 1

    def test_a_commit_that_is_not_released_says_how_to_release_it(self, mini: MiniPlatform) -> None:
        mini.commit()
        with pytest.raises(NotFound, match="run `flowmart release create --ref HEAD` first"):
            mini.releases.find(mini.repository, "HEAD")


class TestWhatATerraformRootReads:
    @pytest.fixture
    def infrastructure(self, tmp_path: Path) -> Path:
        files = {
            "terraform/dev/main.tf": 'module "a" {\n  source = "../modules/a"\n}\n',
            "terraform/dev/values.auto.tfvars": "x = 1\n",
            "terraform/dev/README.md": "a file function may read it\n",
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
            "terraform/dev/README.md",
            "terraform/dev/main.tf",
            "terraform/dev/tests/a.tftest.hcl",
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
