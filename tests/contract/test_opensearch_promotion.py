"""Units of the engine elasticsearch from the command line: two environments on one OpenSearch, no AWS, no Prefect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).parents[2]
PLATFORM = """
platform: search
logging: {{elasticsearch: {{url: "{url}"}}}}
environments:
  dev: {{values: {{replicas: 0}}}}
  production: {{after: dev, values: {{replicas: 1}}}}
units:
  logs:
    engine: elasticsearch
    source: logs
    environments: [dev, production]
    inputs: {{stream: "{prefix}-{{environment}}", replicas: "{{values.replicas}}"}}
    elasticsearch: {{rollover: true}}
    checks:
      - {{name: fields, kind: http, url: "{url}/_component_template/{prefix}-{{environment}}-fields", within: 30s}}
"""


class Repository:
    """A platform in a git repository; object names have the environment in them."""

    def __init__(self, folder: Path, url: str, prefix: str) -> None:
        self.folder, self.url, self.prefix = folder, url, prefix
        self._write("platform.yaml", PLATFORM.format(url=url, prefix=prefix))
        self._git("init", "--quiet")

    def release(self, subject: str, files: dict[str, Any]) -> None:
        for path in (self.folder / "repository/infrastructure/logs").rglob("*.json"):
            path.unlink()
        for name, content in files.items():
            self._write(f"logs/{name}.json", json.dumps(content))
        self._git("add", "--all")
        self._git("-c", "user.name=ada", "-c", "user.email=ada@flowmart.example", "commit", "--quiet", "-m", subject)

    def promote(self) -> subprocess.CompletedProcess[str]:
        own = {
            "PYTHONPATH": str(PROJECT),
            "FLOWMART_REPOSITORY": str(self.folder / "repository"),
            "FLOWMART_STORE": str(self.folder / "store"),
            "FLOWMART_PROFILE": "none",
            "PREFECT_HOME": str(self.folder / "prefect"),
            # Nobody listens there: the promotion goes on without a run history.
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
        }
        variables = {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **own}
        command = [sys.executable, "-m", "deployments.cli", "promote"]
        return subprocess.run(command, env=variables, cwd=PROJECT, capture_output=True, text=True)

    def there(self) -> list[str]:
        """The names of the component templates and index templates of this test."""
        found = []
        for kind in ("component", "index"):
            answer = httpx.get(f"{self.url}/_{kind}_template/{self.prefix}*", timeout=60).json()
            found += [
                f"{kind} {each['name'].removeprefix(self.prefix)}" for each in answer.get(f"{kind}_templates", ())
            ]
        return sorted(found)

    def _write(self, name: str, text: str) -> None:
        file = self.folder / "repository/infrastructure" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder / "repository"), *arguments], check=True)


@pytest.fixture
def repository(tmp_path: Path, opensearch: str, opensearch_prefix: str) -> Repository:
    return Repository(tmp_path, opensearch, opensearch_prefix)


def component(name: str, body: Any) -> dict[str, Any]:
    return {"component_templates": [{"name": f"${{stream}}-{name}", "component_template": {"template": body}}]}


def test_a_release_is_promoted_and_a_bad_one_is_rolled_back_in_the_first_environment(repository: Repository) -> None:
    template = {
        "name": "${stream}",
        "index_template": {
            "index_patterns": ["${stream}-*"],
            "data_stream": {},
            "composed_of": ["${stream}-fields"],
            "template": {"settings": {"number_of_replicas": "${replicas}"}},
        },
    }
    fields = component("fields", {"mappings": {"properties": {"level": {"type": "keyword"}}}})
    repository.release("good", {"component-templates/fields": fields, "index-templates/stream": template})
    good = repository.promote()
    assert good.returncode == 0, good.stdout + good.stderr
    before = ["component -dev-fields", "component -production-fields", "index -dev", "index -production"]
    assert repository.there() == before
    found = httpx.get(f"{repository.url}/_index_template/{repository.prefix}-production", timeout=60).json()
    settings = found["index_templates"][0]["index_template"]["template"]["settings"]
    assert settings == {"index": {"number_of_replicas": "1"}}

    # The smoke check asks for the fields, which the template no longer has; the new component is created meanwhile.
    bare = {**template, "index_template": {**template["index_template"], "composed_of": ["${stream}-other"]}}
    repository.release("bad", {"component-templates/other": component("other", {}), "index-templates/stream": bare})
    bad = repository.promote()
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "rolled back" in bad.stdout + bad.stderr
    assert repository.there() == before
