"""A request that a client sends again, in the sandbox's CloudFormation."""

from __future__ import annotations

from threading import Thread
from typing import Any

from moto.core.responses import ActionResult

from deployments.sandbox.aws_server.cloudformation import tokens


class Request:
    """What is asked, with a token of the test's own."""

    current_account, region = "222222222222", "eu-west-1"
    asked = {"Action": "DeleteStack", "StackName": "orders", "ClientRequestToken": "sent-twice"}  # noqa: RUF012

    def _get_param(self, name: str, if_none: Any = None) -> Any:
        return self.asked.get(name, if_none)


def test_a_request_that_is_sent_again_while_it_is_carried_out_waits_for_the_same_answer() -> None:
    answers: list[ActionResult] = []
    repeated: list[Thread] = []
    carried_out: list[ActionResult] = []

    @tokens.once
    def delete(_: Any) -> ActionResult:
        carried_out.append(ActionResult({}))
        if len(carried_out) == 1:
            repeated.append(Thread(target=lambda: answers.append(delete(Request()))))  # type: ignore[arg-type]
            repeated[0].start()
            repeated[0].join(0.3)
        return carried_out[-1]

    answers.append(delete(Request()))  # type: ignore[arg-type]
    repeated[0].join()
    assert len(carried_out) == 1
    assert answers == [carried_out[0]] * 2
