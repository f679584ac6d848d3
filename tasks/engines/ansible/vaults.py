"""Find the values that Ansible Vault encrypts, so that no plan and no error shows them, whatever a playbook does.

They are decrypted with the ansible-vault beside ansible-playbook and with the playbook's own password. They are kept
only during one run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.values import leaves, texts
from tasks.processes import Command, Processes
from tasks.run_folder import run_folder

_HEADER = "$ANSIBLE_VAULT;"
_SHORTEST = 4
"""Shorter texts occur by chance: masking them would only make a plan unreadable."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that keeps values tagged as encrypted and ignores other tags."""


def _encrypted(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!vault", _encrypted)
_Loader.add_constructor("!vault-encrypted", _encrypted)
_Loader.add_multi_constructor("!", lambda _, __, ___: None)


def secrets(
    executable: str, folder: Path, files: Iterable[Path], variables: Mapping[str, str], runner: Processes
) -> frozenset[str]:
    """Return the decrypted values in the files that a unit reads; only those of at least `_SHORTEST` characters.

    Values that cannot be decrypted are left out: the playbook cannot decrypt them either, so it cannot show them.

    Args:
        executable: ansible-playbook; ansible-vault is expected next to it.
        folder: where the playbook runs: a password's file may be named by a path from there.
        files: the files that the unit reads.
        variables: environment variables, with the vault's password or its file.
        runner: runs the command.
    """
    found = list(_ciphertexts(files))
    if not found:
        return frozenset()
    place = Path(shutil.which(executable) or executable).with_name("ansible-vault")
    with run_folder("vault") as temporary:
        encrypted = [_written(temporary / str(number), text) for number, text in enumerate(found)]
        _decrypt(Command((str(place), "decrypt"), folder, variables, 60.0), encrypted, runner)
        plain = [text for text in (file.read_text() for file in encrypted) if not text.startswith(_HEADER)]
    return frozenset(value for text in plain for value in _values(text) if len(value) >= _SHORTEST)


def _ciphertexts(files: Iterable[Path]) -> Iterator[str]:
    """Yield the encrypted files, and the encrypted values in YAML files."""
    for file in files:
        text = file.read_text(errors="replace")
        if text.startswith(_HEADER):
            yield text
        elif _HEADER in text and file.suffix in (".yml", ".yaml", ""):
            yield from (value for value in texts(_parsed(text)) if value.startswith(_HEADER))


def _written(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def _decrypt(command: Command, files: Sequence[Path], runner: Processes) -> None:
    """Decrypt files in place, all with one process. It ends at a file that it cannot decrypt: then each by itself."""
    if runner.run(replace(command, argv=(*command.argv, *map(str, files)))).exit_code == 0:
        return
    for file in files:
        if file.read_text().startswith(_HEADER):
            runner.run(replace(command, argv=(*command.argv, str(file))))


def _values(text: str) -> Iterator[str]:
    """Yield the texts in a decrypted value, and each of their lines; of a file of variables, those of its values."""
    parsed = _parsed(text)
    found = leaves(parsed) if isinstance(parsed, Mapping | list) else (text,)
    for value in (str(each).strip() for each in found if each is not None):
        yield value
        yield from (line.strip() for line in value.splitlines())


def _parsed(text: str) -> Any:
    try:
        return yaml12.load_by(text, _Loader)
    except yaml.YAMLError:
        return None
