"""Git itself: that it signs in with what it is handed, and what a fetch leaves in the local repository."""

import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tasks import processes, settings
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered
from tasks.github import commits
from tasks.github.client import Client
from tests.doubles.github_stub import GitHubStub

REPOSITORY = "flowmart/infrastructure"


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=Anna", "-c", "user.email=anna@flowmart.example")
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty local repository, which the settings lead to."""
    folder = tmp_path / "local"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(folder))
    return folder


@pytest.fixture
def hub(local: Path, tmp_path: Path) -> Path:
    """What `origin` is: a repository with a pull request."""
    folder = tmp_path / "hub"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "a change")
    git(folder, "update-ref", "refs/pull/1/head", "HEAD")
    git(local, "remote", "add", "origin", str(folder))
    return folder


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server that wants a password; its address, and the credentials that it was given."""
    given: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/flowmart/infrastructure.git", given
    server.shutdown()
    thread.join()
    server.server_close()


def test_git_signs_in_with_the_token_and_never_tells_it(local: Path, asked: tuple[str, list[str]]) -> None:
    address, given = asked
    git(local, "remote", "add", "origin", address)
    done = processes.run(commits.fetching(local, address, "+refs/heads/main:refs/flowmart/heads/main", "secret"))
    kind, _, login = given[0].partition(" ")
    assert (kind, b64decode(login)) == ("Basic", b"x-access-token:secret")
    assert done.exit_code != 0
    assert "secret" not in done.stdout + done.stderr
    assert login not in done.stdout + done.stderr


def test_a_fetch_touches_no_branch_and_no_file(client: Client, local: Path, hub: Path) -> None:
    sha = commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/1/head")
    assert sha == git(hub, "rev-parse", "HEAD")
    assert git(local, "for-each-ref", "--format=%(refname)") == "refs/flowmart/pull/1/head"
    assert [file.name for file in local.iterdir()] == [".git"]
    commits.refuse_missing(settings.load(), sha)


def test_a_pull_request_that_was_rewritten_is_fetched_again(client: Client, local: Path, hub: Path) -> None:
    commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/1/head")
    git(hub, "commit", "--quiet", "--amend", "--allow-empty", "-m", "another change")
    git(hub, "update-ref", "refs/pull/1/head", "HEAD")
    sha = commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/1/head")
    assert sha == git(hub, "rev-parse", "HEAD")


def test_what_is_not_on_github_is_told_from_a_github_that_is_not_there(
    client: Client, local: Path, hub: Path
) -> None:
    with pytest.raises(NotFound, match="refs/pull/2/head"):
        commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/2/head")
    git(local, "remote", "set-url", "origin", "http://anna:secret@127.0.0.1:1/flowmart/infrastructure.git")
    with pytest.raises(Unanswered) as silent:
        commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/1/head")
    assert "secret" not in str(silent.value)


def test_a_pull_request_is_its_head_until_it_is_merged(
    client: Client, github: GitHubStub, local: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("FLOWMART_PLATFORM", "shop")
    head = git(hub, "rev-parse", "HEAD")
    github.state.open_pull(1, head)
    assert commits.of_pull(settings.load(), client, 1) == head
    git(hub, "commit", "--quiet", "--allow-empty", "-m", "merged")
    merge = git(hub, "rev-parse", "HEAD")
    github.state.merge_pull(1, merge)
    assert commits.of_pull(settings.load(), client, 1) == merge


def test_a_pull_request_of_a_fork_is_not_fetched(
    client: Client, github: GitHubStub, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("FLOWMART_PLATFORM", "shop")
    github.state.open_pull(1, git(hub, "rev-parse", "HEAD"), fork=True)
    with pytest.raises(Refused, match="comes from a fork"):
        commits.of_pull(settings.load(), client, 1)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/mallory/shop.git",
        "https://github.com/mallory/shop",
        "git@github.com:mallory/shop.git",
        "ssh://git@github.com:22/mallory/shop.git",
    ],
)
def test_a_clone_of_another_repository_is_refused(client: Client, local: Path, address: str) -> None:
    git(local, "remote", "add", "origin", address)
    with pytest.raises(Refused, match=f"origin of the clone is mallory/shop; it should be {REPOSITORY}"):
        commits.fetch(settings.load(), client, REPOSITORY, "refs/pull/1/head")


def test_a_commit_that_is_gone_is_refused(local: Path, hub: Path) -> None:
    with pytest.raises(Refused, match="no longer on GitHub"):
        commits.refuse_missing(settings.load(), "a" * 40)


@pytest.mark.parametrize("sha", ["HEAD", "--all", "a" * 39])
def test_a_commit_is_a_whole_sha(local: Path, sha: str) -> None:
    with pytest.raises(InvalidInput, match="should be the whole SHA"):
        commits.refuse_missing(settings.load(), sha)


def test_what_a_shallow_clone_cut_off_is_not_taken_for_nobody_s(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = git(hub, "rev-parse", "HEAD")
    for name in ("anna", "ben", "carla"):
        (hub / name).write_text(name)
        git(hub, "add", name)
        git(hub, "commit", "--quiet", "-m", f"by {name}")
    head = git(hub, "rev-parse", "HEAD")
    clone = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{hub}", str(clone)], check=True)
    git(clone, "fetch", "--quiet", "--depth=1", "origin", base)
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(clone))
    with pytest.raises(Refused, match=r"shallow clone without all commits up to .*git fetch --unshallow"):
        commits.between(settings.load(), base, head, ("anna", "ben", "carla"))
    git(clone, "fetch", "--quiet", "--depth=4", "origin", head)
    assert len(commits.between(settings.load(), base, head, ("anna", "ben", "carla"))) == 3
