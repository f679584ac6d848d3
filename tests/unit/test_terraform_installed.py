"""Which versions of providers may run, as `FLOWMART_PROVIDER_VERSIONS` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.engines.terraform.installed import PROVIDER_VERSIONS, refuse_others


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root after init: two providers, one of them from OpenTofu's registry."""
    for name in ("registry.terraform.io/hashicorp/aws/6.2.1", "registry.opentofu.org/hashicorp/random/3.7.2"):
        (tmp_path / ".terraform" / "providers" / name / "linux_amd64").mkdir(parents=True)
    return tmp_path


ALLOWED = ["", "hashicorp/aws >= 6.0", "hashicorp/aws ~> 6.2, < 7; hashicorp/random 3.7.2", "corp/aws < 1"]


@pytest.mark.parametrize("setting", ALLOWED)
def test_what_is_allowed_or_not_named_may_run(folder: Path, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROVIDER_VERSIONS, setting)
    refuse_others(folder, "terraform/shop")


REFUSED = {
    "hashicorp/aws < 6": "terraform/shop: init installed hashicorp/aws 6.2.1, and FLOWMART_PROVIDER_VERSIONS",
    "hashicorp/aws >= 6; hashicorp/random ~> 3.8": "hashicorp/random 3.7.2",
    "aws >= 6": "'aws >= 6' is not like hashicorp/aws >= 6.0",
    "hashicorp/aws": "'hashicorp/aws' is not like hashicorp/aws >= 6.0",
    "hashicorp/aws newest": "newest is not a version constraint",
}


@pytest.mark.parametrize(("setting", "said"), REFUSED.items())
def test_what_is_not_is_refused(folder: Path, setting: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROVIDER_VERSIONS, setting)
    with pytest.raises(Refused) as refused:
        refuse_others(folder, "terraform/shop")
    assert said in str(refused.value)
