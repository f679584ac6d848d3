"""Cuts GitHub's OpenAPI description down to the operations that the product uses.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python -m tests.doubles.github_stub.cut_description package/generated/api.github.com.json

The description is GitHub's own, published under the MIT licence (Copyright (c) 2020 Octokit contributors) in the npm
package @octokit/openapi. What is kept is kept as it is; only prose and examples go, and what nothing refers to.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("description.json.gz")

OPERATIONS = {
    "/user": ["get"],
    "/app": ["get"],
    "/app/hook/config": ["get"],
    "/app/hook/deliveries": ["get"],
    "/app/hook/deliveries/{delivery_id}": ["get"],
    "/app/installations/{installation_id}/access_tokens": ["post"],
    "/repos/{owner}/{repo}": ["get"],
    "/repos/{owner}/{repo}/installation": ["get"],
    "/repos/{owner}/{repo}/hooks": ["get"],
    "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries": ["get"],
    "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}": ["get"],
    "/repos/{owner}/{repo}/branches/{branch}": ["get"],
    "/repos/{owner}/{repo}/pulls": ["get"],
    "/repos/{owner}/{repo}/collaborators/{username}/permission": ["get"],
    "/repos/{owner}/{repo}/pulls/{pull_number}": ["get"],
    "/repos/{owner}/{repo}/pulls/{pull_number}/commits": ["get"],
    "/repos/{owner}/{repo}/issues": ["get", "post"],
    "/repos/{owner}/{repo}/issues/{issue_number}": ["patch"],
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ["get"],
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}": ["get"],
    "/repos/{owner}/{repo}/commits": ["get"],
    "/repos/{owner}/{repo}/commits/{ref}": ["get"],
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls": ["get"],
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
    "/repos/{owner}/{repo}/commits/{ref}/statuses": ["get"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["get", "patch"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": ["get", "post"],
    "/repos/{owner}/{repo}/statuses/{sha}": ["post"],
    "/repos/{owner}/{repo}/check-runs": ["post"],
    "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
    "/repos/{owner}/{repo}/deployments": ["get", "post"],
    "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses": ["get", "post"],
}
_PROSE = {"description", "example", "examples", "summary", "externalDocs", "tags", "title"}


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The description with only those operations, and the components that they refer to."""
    paths = {path: {m: _operation(whole["paths"][path][m]) for m in methods} for path, methods in OPERATIONS.items()}
    components: dict[str, dict[str, Any]] = {}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _without_prose(whole["components"][kind][name])
            waiting += _references(components[kind][name])
    return {"info": {"version": whole["info"]["version"]}, "paths": paths, "components": components}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept = {key: operation[key] for key in ("operationId", "parameters", "requestBody") if key in operation}
    good = {code: answer for code, answer in operation["responses"].items() if code.startswith("2")}
    found: dict[str, Any] = _without_prose({**kept, "responses": good})
    return found


def _without_prose(value: Any, names: bool = False) -> Any:
    """Without descriptions and examples; below `properties` the keys are names and stay, whatever they are."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if names or key not in _PROSE}
        return {key: _without_prose(item, names=key == "properties" and not names) for key, item in kept.items()}
    return [_without_prose(item) for item in value] if isinstance(value, list) else value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


if __name__ == "__main__":
    data = json.dumps(cut(json.loads(Path(sys.argv[1]).read_text())), separators=(",", ":"), sort_keys=True)
    DATA.write_bytes(gzip.compress(data.encode(), mtime=0))
