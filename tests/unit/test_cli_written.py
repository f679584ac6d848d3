"""No command takes an empty text for a reason or a name."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from typer.main import get_command

from deployments import cli
from tasks.domain.errors import InvalidInput
from tasks.promotion.gate import Consent
from tests.unit.test_cli_help import commands


def _texts() -> Iterator[tuple[str, list[str]]]:
    """Every text that can be written on a command line: its name, and that command line with the text empty."""
    for path, command in commands(get_command(cli.app)):
        for parameter in command.params:
            if isinstance(parameter.type, click.types.StringParamType):
                yield f"{path} {parameter.name}", [*path.split()[1:], *_typed(command, parameter)]


def _typed(command: click.Command, empty: click.Parameter) -> list[str]:
    """An argument or option with an empty text, and all that has to be written before it."""
    wanted = [one for one in command.params if one is empty or one.required or isinstance(one, click.Argument)]
    options = [part for one in wanted if isinstance(one, click.Option) for part in (one.opts[0], _text(one, empty))]
    return options + [_text(one, empty) for one in wanted if isinstance(one, click.Argument)]


def _text(parameter: click.Parameter, empty: click.Parameter) -> str:
    return " " if parameter is empty else "something"


TEXTS = dict(_texts())


@pytest.mark.parametrize("written", TEXTS)
def test_an_empty_text_is_refused(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(TEXTS[written]) == 64
    assert "it is empty" in capsys.readouterr().err


def test_there_are_such_texts() -> None:
    assert {"flowmart promote into_incident", "flowmart promote release", "flowmart rollback to"} <= TEXTS.keys()


def test_wrong_usage_is_a_document_where_one_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["freeze", "dev", "--reason", "", "--json"]) == 64
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["kind"] == "WrongUsage"
    assert "it is empty" in json.loads(printed.out)["error"]["message"]
    assert "Usage: flowmart freeze" in printed.err


@pytest.mark.parametrize("name", ["despite", "accept_drift", "into_incident", "fixes"])
def test_an_empty_reason_is_no_consent(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name}: it is empty"):
        Consent(**{name: " "})
