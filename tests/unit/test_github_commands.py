"""What is a command, and what is talk."""

import pytest

from tasks.github.commands import HELP, Command, Misunderstood, parse

DIGEST = "3f2a9c11d0e4"


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/flowmart plan", Command("plan")),
        ("/flowmart   PLAN  ", Command("plan")),
        ("\r\n /flowmart plan", Command("plan")),
        ("/flowmart promote", Command("promote")),
        ("/flowmart promote staging", Command("promote", "staging")),
        ("/flowmart promote dev\r\nThanks!", Command("promote", "dev")),
        ("/flowmart rollback production", Command("rollback", "production")),
        (f"/flowmart approve {DIGEST}", Command("approve", DIGEST)),
        (f"/flowmart refuse {DIGEST.upper()} not before the sale", Command("refuse", DIGEST, "not before the sale")),
        ("/flowmart", Command("help")),
        ("/flowmart help\n/flowmart promote", Command("help")),
    ],
)
def test_a_command_is_understood(body: str, command: Command) -> None:
    assert parse(body) == command


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nice",
        "> /flowmart promote",
        "    /flowmart promote",
        "\n\t/flowmart promote",
        "see /flowmart promote",
        "Fine.\n/flowmart promote",
        "/flowmarts plan",
        HELP,
    ],
)
def test_talk_is_left_alone(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("/flowmart destroy", "there is no command destroy"),
        ("/flowmart plan dev", "plan takes nothing more"),
        ("/flowmart rollback", "rollback takes one argument"),
        ("/flowmart promote dev staging", "promote takes 0 or 1 arguments"),
        ("/flowmart promote ../dev", "promote takes the name of an environment"),
        ("/flowmart approve 3f2a", "approve takes a digest of at least 12 digits"),
        ("/flowmart approve --force", "approve takes a digest of at least 12 digits"),
    ],
)
def test_what_is_wrong_with_a_command_is_told(body: str, why: str) -> None:
    assert parse(body) == Misunderstood(why)
