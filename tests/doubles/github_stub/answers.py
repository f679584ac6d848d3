"""What the stub answers to each operation, and what it then remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.doubles.github_stub.state import (
    LATER,
    LONGEST_COMMENT,
    LONGEST_DESCRIPTION,
    MOST_ANNOTATIONS,
    MOST_COMMITS,
    MOST_STATUSES,
    NOW,
    Invalid,
    Missing,
    State,
    page,
)

Path = Mapping[str, str]
Query = dict[str, str]
Answer = tuple[int, Any]


def _user(state: State, _: Path, __: Query, ___: Any) -> Answer:
    return 200, {"login": state.us}


def _app(state: State, _: Path, __: Query, ___: Any) -> Answer:
    return 200, {"id": 1, "slug": state.us.removesuffix("[bot]")}


def _installation(_: State, __: Path, ___: Query, ____: Any) -> Answer:
    return 200, {"id": 7}


def _installation_token(_: State, __: Path, ___: Query, ____: Any) -> Answer:
    return 201, {"token": "installation-token", "expires_at": "2099-01-01T00:00:00Z"}


def _repository(state: State, _: Path, __: Query, ___: Any) -> Answer:
    return 200, {"id": state.number, "full_name": state.repository, "default_branch": state.default_branch}


def _permission(state: State, path: Path, _: Query, __: Any) -> Answer:
    if path["username"] not in state.permissions:
        raise Missing(f"{path['username']} is not a user")
    return 200, {"permission": state.permissions[path["username"]], "role_name": state.permissions[path["username"]]}


def _pull(state: State, path: Path, _: Query, __: Any) -> Answer:
    found = _of(state.pulls, path["pull_number"])
    return 200, {**found, "commits": len(state.commits[found["number"]])}


def _pull_commits(state: State, path: Path, query: Query, _: Any) -> Answer:
    return 200, page(_of(state.commits, path["pull_number"])[:MOST_COMMITS], query)


def _reviews(state: State, path: Path, query: Query, _: Any) -> Answer:
    return 200, page(state.reviews.get(int(path["pull_number"]), []), query)


def _review(state: State, path: Path, _: Query, __: Any) -> Answer:
    made = {review["id"]: review for review in state.reviews.get(int(path["pull_number"]), [])}
    return 200, _of(made, path["review_id"])


def _commit(state: State, path: Path, _: Query, __: Any) -> Answer:
    if path["ref"] not in state.authored:
        raise Missing(f"No commit found for SHA: {path['ref']}")
    return 200, state.authored[path["ref"]]


def _commits(state: State, _: Path, query: Query, __: Any) -> Answer:
    login = state.addresses.get(query["author"])
    return 200, page([{"sha": "e" * 40, "author": {"login": login}}] if login else [], query)


def _pulls_of_commit(state: State, path: Path, query: Query, _: Any) -> Answer:
    # Lists have less of a pull request than it says itself.
    short = [
        {key: value for key, value in state.pulls[number].items() if key not in ("merged", "merged_by")}
        for number in state.brought.get(path["commit_sha"], [])
    ]
    return 200, page(short, query)


def _check_runs_of(state: State, path: Path, query: Query, _: Any) -> Answer:
    found = [
        {key: run.get(key) for key in ("id", "name", "head_sha", "status", "conclusion", "external_id")}
        for run in state.check_runs.values()
        if run["head_sha"] == path["ref"] and query.get("check_name") in (None, run["name"])
    ]
    return 200, {"total_count": len(found), "check_runs": page(found, query)}


def _statuses_of(state: State, path: Path, query: Query, _: Any) -> Answer:
    ours = [one for one in reversed(state.statuses) if one["sha"] == path["ref"]]
    return 200, page(({key: value for key, value in one.items() if key != "sha"} for one in ours), query)


def _issues(state: State, _: Path, query: Query, __: Any) -> Answer:
    wanted = query.get("state", "open")
    label = query.get("labels")
    found = [
        issue
        for issue in reversed(state.issues.values())
        if wanted in ("all", issue["state"]) and (label is None or label in [one["name"] for one in issue["labels"]])
    ]
    return 200, page(found, query)


def _open_issue(state: State, _: Path, __: Query, body: Any) -> Answer:
    state.refuse_long("body", body["body"], LONGEST_COMMENT)
    number = len(state.issues) + 1
    labels = [{"name": name} for name in body.get("labels", [])]
    state.issues[number] = {
        "number": number,
        "title": body["title"],
        "body": body["body"],
        "state": "open",
        "state_reason": None,
        "labels": labels,
        "user": {"login": state.us},
    }
    return 201, state.issues[number]


def _change_issue(state: State, path: Path, _: Query, body: Any) -> Answer:
    issue = _of(state.issues, path["issue_number"])
    state.refuse_long("body", body.get("body") or "", LONGEST_COMMENT)
    issue.update(body)
    return 200, issue


def _comments(state: State, path: Path, query: Query, _: Any) -> Answer:
    number = int(path["issue_number"])
    return 200, page((state.comments[key] for key, issue in state.on_issue.items() if issue == number), query)


def _comment(state: State, path: Path, _: Query, body: Any) -> Answer:
    state.refuse_long("body", body["body"], LONGEST_COMMENT)
    made = state.comment(int(path["issue_number"]), body["body"], state.us)
    return 201, state.comments[made]


def _change_comment(state: State, path: Path, _: Query, body: Any) -> Answer:
    state.refuse_long("body", body["body"], LONGEST_COMMENT)
    comment = _of(state.comments, path["comment_id"])
    comment.update(body, updated_at=LATER)
    return 200, comment


def _one_comment(state: State, path: Path, _: Query, __: Any) -> Answer:
    return 200, _of(state.comments, path["comment_id"])


def _react(state: State, path: Path, _: Query, body: Any) -> Answer:
    comment = _of(state.comments, path["comment_id"])
    known = (comment["id"], body["content"]) in state.reactions
    if not known:
        state.reactions.append((comment["id"], body["content"]))
    return 200 if known else 201, {"id": state.new_id(), "content": body["content"]}


def _reactions(state: State, path: Path, query: Query, _: Any) -> Answer:
    found = [content for comment, content in state.reactions if comment == int(path["comment_id"])]
    return 200, page([{"id": 1, "content": content, "user": {"login": state.us}} for content in found], query)


def _status(state: State, path: Path, _: Query, body: Any) -> Answer:
    description = body.get("description") or ""
    state.refuse_long("description", description, LONGEST_DESCRIPTION)
    made = {"sha": path["sha"], "context": "default", "target_url": None, **body, "description": description}
    same = [s for s in state.statuses if (s["sha"], s["context"]) == (made["sha"], made["context"])]
    if len(same) >= MOST_STATUSES:
        raise Invalid("This SHA and context has reached the maximum number of statuses.")
    state.statuses.append(made)
    return 201, {"id": state.new_id(), "state": body["state"], "context": made["context"]}


def _check_run(state: State, _: Path, __: Query, body: Any) -> Answer:
    made = {"id": state.new_id(), "status": "queued", "conclusion": None, "annotations": [], **body}
    state.check_runs[made["id"]] = made
    return _changed_check_run(made, {}, 201)


def _change_check_run(state: State, path: Path, _: Query, body: Any) -> Answer:
    return _changed_check_run(_of(state.check_runs, path["check_run_id"]), body, 200)


def _changed_check_run(run: dict[str, Any], body: Mapping[str, Any], code: int) -> Answer:
    annotations = body.get("output", {}).get("annotations", [])
    if len(annotations) > MOST_ANNOTATIONS:
        raise Invalid("annotations: at most 50 per request")
    if body.get("status") == "completed" and "conclusion" not in body:
        raise Invalid("conclusion: is required when the status is completed")
    # Annotations are added to those that are there; everything else replaces.
    run.update(body, annotations=[*run["annotations"], *annotations])
    if "conclusion" in body:
        run["status"] = "completed"
    return code, {key: run[key] for key in ("id", "name", "head_sha", "status", "conclusion")}


def _deployments(state: State, _: Path, query: Query, __: Any) -> Answer:
    wanted = {key: value for key, value in query.items() if key in ("sha", "ref", "task", "environment")}
    found = [d for d in reversed(state.deployments.values()) if all(d[key] == wanted[key] for key in wanted)]
    return 200, page(found, query)


def _deployment(state: State, _: Path, __: Query, body: Any) -> Answer:
    state.refuse_long("description", body.get("description") or "", LONGEST_DESCRIPTION)
    if body.get("required_contexts") != [] or body.get("auto_merge") is not False:
        raise Invalid("Conflict: commit status checks failed, or the default branch would be merged")
    key = state.new_id()
    kept = {name: body[name] for name in ("ref", "task", "environment", "description", "payload") if name in body}
    state.deployments[key] = {"id": key, "sha": body["ref"], "task": "deploy", **kept}
    state.deployment_statuses[key] = []
    return 201, state.deployments[key]


def _deployment_statuses(state: State, path: Path, query: Query, _: Any) -> Answer:
    return 200, page(reversed(_of(state.deployment_statuses, path["deployment_id"])), query)


def _deployment_status(state: State, path: Path, _: Query, body: Any) -> Answer:
    state.refuse_long("description", body.get("description", ""), LONGEST_DESCRIPTION)
    statuses = _of(state.deployment_statuses, path["deployment_id"])
    made = {"id": state.new_id(), "created_at": NOW, "description": "", **body}
    made.pop("auto_inactive", None)
    statuses.append(made)
    return 201, made


def _of(kept: Mapping[int, Any], key: str) -> Any:
    if int(key) not in kept:
        raise Missing(f"there is no {key}")
    return kept[int(key)]


ANSWERS: Mapping[str, Callable[[State, Path, Query, Any], Answer]] = {
    "users/get-authenticated": _user,
    "apps/get-authenticated": _app,
    "apps/get-repo-installation": _installation,
    "apps/create-installation-access-token": _installation_token,
    "repos/get": _repository,
    "repos/get-collaborator-permission-level": _permission,
    "pulls/get": _pull,
    "pulls/list-commits": _pull_commits,
    "pulls/list-reviews": _reviews,
    "pulls/get-review": _review,
    "repos/list-commits": _commits,
    "repos/get-commit": _commit,
    "repos/list-pull-requests-associated-with-commit": _pulls_of_commit,
    "checks/list-for-ref": _check_runs_of,
    "repos/list-commit-statuses-for-ref": _statuses_of,
    "issues/get-comment": _one_comment,
    "issues/list-for-repo": _issues,
    "issues/create": _open_issue,
    "issues/update": _change_issue,
    "issues/list-comments": _comments,
    "issues/create-comment": _comment,
    "issues/update-comment": _change_comment,
    "reactions/create-for-issue-comment": _react,
    "reactions/list-for-issue-comment": _reactions,
    "repos/create-commit-status": _status,
    "checks/create": _check_run,
    "checks/update": _change_check_run,
    "repos/list-deployments": _deployments,
    "repos/create-deployment": _deployment,
    "repos/list-deployment-statuses": _deployment_statuses,
    "repos/create-deployment-status": _deployment_status,
}
