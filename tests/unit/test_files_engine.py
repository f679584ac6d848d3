"""The example engine of docs/examples, installed as any package, keeps what every engine promises."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tasks.engines import BUILT_IN
from tasks.engines.contract import EngineContract, Subject
from tasks.engines.registry import Registry
from tests.platforms.installed import install


class TestFiles(EngineContract):
    @pytest.fixture
    def subject(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
        monkeypatch.syspath_prepend(str(install(tmp_path / "site")))
        sys.modules.pop("files_engine", None)
        importlib.invalidate_caches()
        file = tmp_path / "target" / "colour"
        return Subject(
            engine=Registry(BUILT_IN)["files"],
            files=lambda colour: {"colour": colour},
            found=lambda: file.read_text() if file.exists() else None,
            inputs={"folder": str(file.parent)},
            tamper=lambda: file.write_text("by hand"),
            differs="text",
        )
