"""How commits are fetched: with credentials that nobody sees."""

from base64 import b64decode
from pathlib import Path

from tasks.github.commits import fetching

ADDRESS = "https://github.com/flowmart/infrastructure.git"


def test_a_token_is_in_no_argument() -> None:
    command = fetching(Path("/tmp"), ADDRESS, "+refs/pull/1/head:refs/flowmart/pull/1/head", "secret")  # noqa: S108
    assert "secret" not in " ".join(command.argv)
    assert command.variables["GIT_CONFIG_KEY_0"] == f"http.{ADDRESS}.extraHeader"
    kind, _, login = command.variables["GIT_CONFIG_VALUE_0"].rpartition(" ")
    assert (kind, b64decode(login)) == ("Authorization: Basic", b"x-access-token:secret")


def test_without_a_token_git_signs_in_as_it_is_set_up_and_asks_nobody() -> None:
    command = fetching(Path("/tmp"), "git@github.com:flowmart/infrastructure.git", "+a:b", "")  # noqa: S108
    assert command.variables == {"GIT_TERMINAL_PROMPT": "0"}
