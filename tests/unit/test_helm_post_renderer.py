"""The post-renderer that helm runs: it edits what it was told to, and writes everything else as it came."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.cluster.edits import Edit
from tasks.cluster.objects import Reference
from tasks.engines.helm import post_renderer

SETTINGS = Reference("v1", "ConfigMap", "shop", "settings")
EDITS = {SETTINGS: [Edit(("data", "a"), "live"), Edit(("data", "b"), removes=True)]}
BEFORE = """---
# Source: own/templates/a.yaml
# another comment
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: chart, b: chart, mode: "0644"}
"""
AFTER = (
    "---\n# Source: own/templates/a.yaml\n# another comment\n"
    '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, '
    '"data": {"a": "live", "mode": "0644"}}\n'
)
OTHER = """---
# Source: own/templates/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: other}   # as it came
data:
  a: |
    ---
    ¡text!
"""
ELSEWHERE = BEFORE.replace("name: settings", "name: settings, namespace: elsewhere")
HOOK = BEFORE.replace("name: settings", "name: settings, annotations: {helm.sh/hook: pre-install}")
LIST = '---\n{"kind": "List", "apiVersion": "v1", "items": [%s]}\n'
ITEM = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "%s"}}'


@pytest.mark.parametrize("text", [OTHER, ELSEWHERE, HOOK, "", "---\n# nothing\n", "--- \r\nkind: x\r\n", "a: 1\n"])
def test_what_no_edit_is_about_is_written_as_it_came(text: str) -> None:
    assert post_renderer.rewritten(text, "shop", EDITS) == text


def test_an_object_is_edited_and_its_neighbours_are_not() -> None:
    assert post_renderer.rewritten(OTHER + BEFORE + OTHER, "shop", EDITS) == OTHER + AFTER + OTHER
    assert post_renderer.rewritten(BEFORE.removeprefix("---\n"), "shop", EDITS) == AFTER.removeprefix("---\n")


def test_an_object_in_a_list_is_edited() -> None:
    found = post_renderer.rewritten(LIST % (ITEM % "chart"), "shop", EDITS)
    assert '"data": {"a": "live"}' in found


def test_windows_line_ends_make_no_difference() -> None:
    found = post_renderer.rewritten(BEFORE.replace("\n", "\r\n"), "shop", EDITS)
    assert '"data": {"a": "live", "mode": "0644"}' in found


def test_it_runs_by_itself_wherever_it_is_started(tmp_path: Path) -> None:
    file = tmp_path / "edits.json"
    file.write_text(post_renderer.saved("shop", EDITS))
    argv = [sys.executable, "-I", post_renderer.__file__, str(file)]
    given, bare = (OTHER + BEFORE).encode(), {"LC_ALL": "C"}
    finished = subprocess.run(argv, input=given, cwd=tmp_path, env=bare, check=True, capture_output=True)
    assert finished.stdout.decode() == OTHER + AFTER
