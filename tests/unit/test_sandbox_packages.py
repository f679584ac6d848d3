"""The sandbox's packages are an extra: without them, the error names it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deployments.sandbox import lifecycle
from tasks.domain.errors import Unequipped


def test_without_its_packages_the_sandbox_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)
    with pytest.raises(Unequipped, match=r"not installed \(moto\): pip install 'flowmart\[sandbox\]'"):
        lifecycle.up(tmp_path, print)
    assert list(tmp_path.iterdir()) == []
