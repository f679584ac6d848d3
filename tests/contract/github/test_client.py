"""The client: a no, no answer, and what is tried again, as GitHub really answers over HTTP."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tasks import settings
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered
from tasks.github import comments
from tasks.github.client import Client, connect
from tests.doubles.github_stub import TOKEN, GitHubStub

MARKER = "<!-- flowmart:answer/1 -->"
REPOSITORY = "flowmart/infrastructure"
SHA = "a" * 40


def test_an_answer_is_plain_json(client: Client, github: GitHubStub) -> None:
    assert client.ask("GET", REPOSITORY, "") == {"id": 4711, "full_name": REPOSITORY, "default_branch": "main"}


@pytest.mark.parametrize(
    ("status", "meant"), [(401, Refused), (403, Refused), (404, NotFound), (422, Refused), (500, Unanswered)]
)
def test_a_no_is_told_from_no_answer(client: Client, github: GitHubStub, status: int, meant: type[Exception]) -> None:
    github.answer_next(status, "because")
    with pytest.raises(meant, match=rf"POST /repos/{REPOSITORY}/issues/1/comments: {status} .*because"):
        comments.reply(client, REPOSITORY, 1, MARKER, "hello")


def test_the_token_is_in_no_error(client: Client, github: GitHubStub) -> None:
    github.answer_next(401, "Bad credentials")
    with pytest.raises(Refused) as refused:
        client.ask("GET", REPOSITORY, "")
    assert TOKEN not in str(refused.value) + repr(settings.load())


def test_a_question_is_asked_again_when_github_is_broken_for_a_moment(client: Client, github: GitHubStub) -> None:
    github.answer_next(502)
    assert client.ask("GET", REPOSITORY, "")["default_branch"] == "main"
    assert github.asked("GET") == [f"/repos/{REPOSITORY}"] * 2


def test_what_would_be_done_twice_is_not_asked_again(client: Client, github: GitHubStub) -> None:
    github.answer_next(502)
    with pytest.raises(Unanswered):
        comments.reply(client, REPOSITORY, 1, MARKER, "hello")
    assert len(github.asked("POST")) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_rate_limit_is_waited_for(client: Client, github: GitHubStub, status: int) -> None:
    github.answer_next(status, "You have exceeded a secondary rate limit", retry_after="1")
    comments.reply(client, REPOSITORY, 1, MARKER, "hello")
    assert github.state.bodies(1) == [f"{MARKER}\nhello"]


def test_a_rate_limit_that_ends_too_late_is_not_waited_for(client: Client, github: GitHubStub) -> None:
    github.answer_next(403, "API rate limit exceeded", retry_after="1800")
    with pytest.raises(Unanswered, match="try again in 1800 s"):
        comments.reply(client, REPOSITORY, 1, MARKER, "hello")
    assert len(github.asked("POST")) == 1


def test_nobody_there_is_no_answer(monkeypatch: pytest.MonkeyPatch, github: GitHubStub) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_API", "http://127.0.0.1:1")
    with pytest.raises(Unanswered, match="ConnectError"):
        comments.reply(connect(settings.load()), REPOSITORY, 1, MARKER, "hello")


@pytest.mark.parametrize("name", ["flowmart", "../user", "flowmart/..", "flowmart/infrastructure/../x", "a/b?c"])
def test_a_repository_is_a_name_and_no_path(client: Client, github: GitHubStub, name: str) -> None:
    with pytest.raises(InvalidInput, match="should be owner/name"):
        client.ask("GET", name, "")
    assert github.requests == []


def test_nothing_is_said_by_nobody(monkeypatch: pytest.MonkeyPatch, github: GitHubStub) -> None:
    monkeypatch.delenv("FLOWMART_GITHUB_TOKEN")
    with pytest.raises(InvalidInput, match="set FLOWMART_GITHUB_TOKEN"):
        connect(settings.load())


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, github: GitHubStub) -> Client:
    """Signed in as a GitHub App."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    github.app_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    monkeypatch.setenv("FLOWMART_GITHUB_APP_ID", "12345")
    monkeypatch.setenv("FLOWMART_GITHUB_PRIVATE_KEY", pem)
    return connect(settings.load())


def test_an_app_signs_in_as_its_installation_once(app: Client, github: GitHubStub) -> None:
    comments.reply(app, REPOSITORY, 1, MARKER, "one")
    comments.reply(app, REPOSITORY, 1, MARKER, "two")
    assert github.state.bodies(1) == [f"{MARKER}\none", f"{MARKER}\ntwo"]
    assert github.asked("GET") == [f"/repos/{REPOSITORY}/installation"]
    assert github.asked("POST").count("/app/installations/7/access_tokens") == 1


def test_an_app_writes_under_its_own_name_and_signs_git_in_too(app: Client, github: GitHubStub) -> None:
    assert app.login == "flowmart-bot[bot]"
    assert app.git_token(REPOSITORY) == "installation-token"


def test_the_token_of_a_workflow_is_nobodys(client: Client, github: GitHubStub) -> None:
    github.answer_next(403, "Resource not accessible by integration")
    assert client.login == "github-actions[bot]"
