"""Reads the secrets that tools receive as environment variables, when a tool needs them.

Secrets are kept in memory only, and read again after five minutes. Their sources are:

    variable   of this process, if FLOWMART_SECRET_VARIABLES allows it: platform.yaml comes with a pull request, and
               must not pass the product's own credentials to its tools
    file       on this machine
    command    such as `vault kv get`: with the variables that tools inherit, and the credentials of the purpose
    AWS        Secrets Manager and Systems Manager, as the environment's role for the purpose

Every value that is read is masked from then on in every text of this process.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks import aws, masking
from tasks.domain.credentials import Source
from tasks.domain.errors import InvalidInput, Refused, Unanswered
from tasks.processes import Command, Processes
from tasks.tool_environment import SECRETS, may_be_handed_on

_SECONDS = 60.0
"""How long a command may take to print a secret."""

_FRESH = 300.0
"""Seconds for which a secret is reused: an apply needs it a dozen times."""


class Secrets:
    """Reads and caches the secrets of one run. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._processes = Processes()
        self._known: dict[tuple[object, ...], tuple[float, str]] = {}
        # One lock for each secret: a slow vault delays only those who wait for the same secret.
        self._reading: dict[tuple[object, ...], threading.Lock] = {}

    def read(
        self, sources: Mapping[str, Source], variables: Mapping[str, str], about: tuple[str, ...]
    ) -> dict[str, str]:
        """Return every secret by the name of its variable.

        Args:
            sources: {variable: the source of its value}.
            variables: the credentials of the purpose.
            about: what the credentials are for; values are cached for each of these.

        Returns:
            {variable: value}.

        Raises:
            InvalidInput: a source is not allowed.
            Refused: AWS rejects the role, or the value does not have the key.
            Unanswered: a source does not respond, or its value is empty.
        """
        return {name: self._fresh((*about, source), name, source, variables) for name, source in sources.items()}

    def _fresh(self, key: tuple[object, ...], name: str, source: Source, variables: Mapping[str, str]) -> str:
        with self._reading.setdefault(key, threading.Lock()):
            at, value = self._known.get(key, (0.0, ""))
            if not value or self._clock() - at > _FRESH:
                value = _checked(name, source, self._value(source, variables))
                self._known[key] = self._clock(), value
            return value

    def _value(self, source: Source, variables: Mapping[str, str]) -> str:
        if source.variable:
            return _of_variable(source.variable)
        if source.file:
            return _of_file(source.file)
        if source.command:
            return self._printed(source.command, variables)
        with aws.asking(f"read {source}"):
            if source.ssm:
                client = aws.client_with("ssm", variables)
                return str(client.get_parameter(Name=source.ssm, WithDecryption=True)["Parameter"]["Value"])
            found = aws.client_with("secretsmanager", variables).get_secret_value(SecretId=source.secretsmanager)
            return str(found.get("SecretString", ""))

    def _printed(self, command: tuple[str, ...], variables: Mapping[str, str]) -> str:
        done = self._processes.run(Command(command, Path(tempfile.gettempdir()), variables, _SECONDS))
        masking.KNOWN.learn([done.stdout, done.stdout.strip()])
        if done.exit_code != 0:
            said = masking.mask(done.stderr.strip()[-300:])
            raise Unanswered(f"command {command[0]} gave no secret (exit code {done.exit_code}): {said}")
        return done.stdout


def _of_variable(name: str) -> str:
    if not may_be_handed_on(name):
        raise InvalidInput(
            f"the environment variable {name} may not be handed to tools: add it to {SECRETS} where promotions run"
        )
    return os.environ.get(name, "")


def _of_file(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeError) as error:
        raise Unanswered(f"a secret cannot be read from the file {path}: {error}") from error


def _checked(name: str, source: Source, found: str) -> str:
    """Return the value at its key, without the line end that editors and programs add."""
    masking.KNOWN.learn([found])
    value = (_at(name, source, found) if source.key else found).rstrip("\r\n")
    masking.KNOWN.learn([value])
    if not value:
        raise Unanswered(f"the secret {name} is empty: {source}; set it where promotions run")
    return value


def _at(name: str, source: Source, found: str) -> str:
    try:
        value = json.loads(found)[source.key]
    except (ValueError, KeyError, TypeError):
        # The cause is dropped: a JSON parser's message may quote part of the secret.
        raise Refused(f"the secret {name}: {source} is not a JSON object with the key {source.key}") from None
    return value if isinstance(value, str) else json.dumps(value)
