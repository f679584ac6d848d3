"""Runs a check until it passes or its time is up.

The last attempt decides. If a service was down and then stopped responding, it is not known to be down. So an
operator decides and nothing is rolled back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from tasks.checks import aws, helm, kubernetes, network, outputs, prometheus, script
from tasks.checks.answers import Answer, Surroundings, failed, shortened, unanswered
from tasks.checks.options import OPTIONS, Aws
from tasks.checks.references import resolved
from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check


@dataclass(frozen=True)
class _Kind:
    expected: Callable[[Any], str]
    ask: Callable[[Any, Surroundings], Answer]


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "http": _Kind(network.http_expected, network.http),
        "tcp": _Kind(network.tcp_expected, network.tcp),
        "output": _Kind(outputs.expected, outputs.ask),
        "aws": _Kind(aws.expected, aws.ask),
        "script": _Kind(script.expected, script.ask),
        "rollout": _Kind(kubernetes.rollout_expected, kubernetes.rollout),
        "endpoints": _Kind(kubernetes.endpoints_expected, kubernetes.endpoints),
        "service-http": _Kind(kubernetes.service_http_expected, kubernetes.service_http),
        "helm-test": _Kind(helm.expected, helm.ask),
        "prometheus": _Kind(prometheus.expected, prometheus.ask),
    }
)


def run(
    check: Check,
    around: Surroundings,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> CheckResult:
    """Run a check every `check.every` seconds until it passes, for at most `check.within` seconds.

    A check whose options refer to a missing output fails without an attempt.

    Args:
        check: the check as declared, with references to outputs.
        around: the context that it runs in.
        sleep: waits for a number of seconds.
        clock: returns the seconds since some point in the past; never goes back.

    Returns:
        The result of the last attempt.
    """
    began = clock()
    try:
        options = _options(check, around)
    except Refused as error:
        return _result(check, _REFERENCES, failed(str(error)), 0, clock() - began)
    except Unanswered as error:
        return _result(check, _REFERENCES, unanswered(str(error)), 0, clock() - began)
    kind = _KINDS[check.kind]
    answer, attempts = _asked(lambda: kind.ask(options, around), check, began, sleep, clock)
    return _result(check, kind.expected(options), answer, attempts, clock() - began)


def services(checks: Iterable[Check]) -> frozenset[str]:
    """Return the boto3 names of the AWS services that the checks read from."""
    return frozenset(aws.service(Aws.model_validate(check.options)) for check in checks if check.kind == "aws")


_REFERENCES = "outputs that make the check's options complete"


def _options(check: Check, around: Surroundings) -> BaseModel:
    known = resolved(check.options, around.outputs)
    try:
        return OPTIONS[check.kind].model_validate(known)
    except ValidationError as error:
        raise Refused(f"with the unit's outputs filled in, {_wrong(error, known)}") from error


def _wrong(error: ValidationError, options: Mapping[str, Any]) -> str:
    """Return the wrong option, its value and the reason; for a union of types, the reason of the first type."""
    first = error.errors()[0]
    option = next((str(part) for part in first["loc"] if part in options), "an option")
    return shortened(f"{option} is {options.get(option)!r}: {first['msg']}")


def _asked(
    ask: Callable[[], Answer],
    check: Check,
    began: float,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> tuple[Answer, int]:
    attempts = 1
    while (answer := ask()).outcome is not Outcome.SUCCEEDED:
        left = check.within - (clock() - began)
        if left <= 0:
            break
        sleep(min(check.every, left))
        attempts += 1
    return answer, attempts


def _result(check: Check, expected: str, answer: Answer, attempts: int, seconds: float) -> CheckResult:
    return CheckResult(check.name, check.kind, answer.outcome, expected, answer.found, attempts, seconds)
