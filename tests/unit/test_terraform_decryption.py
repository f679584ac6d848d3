"""What an encrypted file of variables tells without its key: which variables it sets, and that it is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.engines.terraform import decryption, mistakes

VALUE = "ENC[AES256_GCM,data:rLmBVqbCaDQ=,iv:skoD=,tag:NvtD==,type:str]"
KINDS = {
    "a.tfvars.json": f'{{"password": "{VALUE}", "sops": {{"version": "3.13.3"}}}}',
    "a.yaml": f"password: {VALUE}\nsops:\n    version: 3.13.3\n",
    "a.yml": f"password: {VALUE}\nsops: {{version: 3.13.3}}\n",
    "a.env": f"password={VALUE}\nsops_version=3.13.3\n",
    "a.tfvars": f'{{"data": "{VALUE}", "sops": {{"version": "3.13.3"}}}}',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "infrastructure/app"
    made.mkdir(parents=True)
    (made / "main.tf").write_text('variable "password" {}\n')
    return made


@pytest.mark.parametrize("name", KINDS)
def test_the_names_of_what_it_sets_are_known(name: str, folder: Path) -> None:
    (folder / name).write_text(KINDS[name])
    assert decryption.names(folder / name, folder) == {"password"}
    unit = Unit("app", "terraform", "app", ("dev",), options={"var_files": [{"path": name, "decrypt": "sops"}]})
    assert mistakes.supplied(folder.parent, unit) == {"password"}


def test_one_that_is_not_encrypted_is_a_mistake(folder: Path) -> None:
    (folder / "a.tfvars.json").write_text('{"password": "open"}')
    unit = Unit("app", "terraform", "app", ("dev",), options={"var_files": [{"path": "*.json", "decrypt": "sops"}]})
    told = "a.tfvars.json is not encrypted with sops: encrypt it, or leave out decrypt"
    assert told in [*mistakes.faults(folder.parent, unit)]
