"""Two platforms that share one store do not meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.ledger.history import History
from tasks.ledger.store import Store
from tasks.promotion import claims
from tasks.promotion.runtime import compose
from tasks.settings import Settings
from tests.platforms.mini import MiniPlatform
from tests.unit.promotion.conftest import Shop


@pytest.fixture
def mini(tmp_path: Path) -> MiniPlatform:
    return MiniPlatform(tmp_path)


def another(mini: MiniPlatform) -> Settings:
    """Another platform in the same store."""
    return Settings(repository=mini.repository, store=mini.settings.store, platform="another", actor="tester")


def test_a_claim_of_one_platform_leaves_the_other_ones_environment_free(mini: MiniPlatform) -> None:
    ours, theirs = History(mini.settings), History(another(mini))
    claims.claim(ours.ledger, "dev", "a", "promote")
    claims.claim(theirs.ledger, "dev", "b", "promote")
    assert [history.state("dev").claim.release for history in (ours, theirs)] == ["a", "b"]  # type: ignore[union-attr]


def test_a_platform_sees_only_its_own_environments_and_releases(mini: MiniPlatform) -> None:
    ours, theirs = History(mini.settings), History(another(mini))
    made = mini.release()
    claims.claim(ours.ledger, "dev", made.id, "promote")
    assert (theirs.ledger.environments(), theirs.releases.all()[0]) == ((), ())
    assert ours.ledger.environments() == ("dev",)
    assert [release.id for release in ours.releases.all()[0]] == [made.id]


def test_entries_say_whose_they_are(mini: MiniPlatform) -> None:
    histories = History(mini.settings), History(another(mini))
    entries = [claims.claim(history.ledger, "dev", "a", "promote") for history in histories]
    assert [entry.platform for entry in entries] == ["flowmart", "another"]


def test_each_has_its_own_part_of_the_store(mini: MiniPlatform) -> None:
    assert [compose(settings).store.address for settings in (mini.settings, another(mini))] == [
        str(Path(mini.settings.store) / "flowmart"),
        str(Path(mini.settings.store) / "another"),
    ]


def test_a_release_of_another_platform_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Store.open(str(tmp_path / "store")))
    release = shop.release("blue")
    shop.runtime = replace(shop.runtime, settings=Settings(platform="another", actor="tester"))
    with pytest.raises(InvalidInput, match="release blue is of platform fake, and this is another"):
        shop.promote(release)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("platform: shop\n", "shop"),
        ('# A shop.\nplatform: "my-shop"  # ours\nunits: [\n', "my-shop"),
        ("\ufeffplatform: shop\r\nunits: {}\r\n", "shop"),
        ("platform : shop\nunits: {}\n", "shop"),
        ('"platform": shop\nunits: {}\n', "shop"),
        ("  platform: shop\n  units: {x: {inputs: {platform: linux}}}\n", "shop"),
        ("{platform: shop, units: {}}\n", "shop"),
        ("platform:\n  shop\nunits: {}\n", "shop"),
    ],
)
def test_the_name_is_the_one_in_the_working_tree_whatever_else_is_wrong_there(
    tmp_path: Path, text: str, name: str
) -> None:
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "infrastructure" / "platform.yaml").write_text(text)
    settings = Settings(repository=tmp_path, store="s3://stores/ours/")
    assert (settings.platform_name, settings.store_address) == (name, f"s3://stores/ours/{name}")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"platform: Shop\n", "platform: 'Shop' is not a name: use lowercase letters, digits and hyphens"),
        (b"platform: my_shop\n", "platform: 'my_shop' is not a name"),
        (b"platform: [shop]\n", r"platform: \['shop'\] is not a name"),
        ("platform: shop\n".encode("utf-16"), r"is not UTF-8 text \(byte 1\); save it as UTF-8"),
    ],
)
def test_what_is_no_name_is_said_so(tmp_path: Path, written: bytes, told: str) -> None:
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "infrastructure" / "platform.yaml").write_bytes(written)
    with pytest.raises(InvalidInput, match=rf"platform\.yaml: {told}"):
        History(Settings(repository=tmp_path))


def test_a_file_with_another_ending_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "infrastructure" / "platform.yml").write_text("platform: shop\n")
    with pytest.raises(InvalidInput, match=r"platform\.yml: is not read; rename it platform\.yaml"):
        History(Settings(repository=tmp_path))


@pytest.mark.parametrize("text", ["units: {}\n", None])
def test_without_a_name_nothing_is_read(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "infrastructure").mkdir()
        (tmp_path / "infrastructure" / "platform.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"platform\.yaml: names no platform; run in the repository"):
        History(Settings(repository=tmp_path))
