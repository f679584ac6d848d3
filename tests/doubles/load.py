"""A stream of deliveries over many connections at once, and what became of each: for tests and the benchmark."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp

from tests.doubles.deliveries import ReceiverProcess, encoded, headers, real

CONNECTIONS = 50


@dataclass
class Outcome:
    """`answered`: delivery -> HTTP's status. `times`: seconds that each answer took. `took`: all together."""

    answered: dict[str, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def promised(self) -> set[str]:
        """The deliveries that GitHub was told are received."""
        return {delivery for delivery, status in self.answered.items() if status == 202}


def send(receiver: ReceiverProcess, deliveries: Iterable[str], kill_after: int = 0, rate: float = 0) -> Outcome:
    """Send a pull request of its own under every id, over all connections.

    `rate`: so many a second, each at its time, from which its answer's time is counted; 0: each connection sends the
    next one when it has its answer. `kill_after` so many answers the receiver is killed with SIGKILL.
    """
    return asyncio.run(_send(receiver, list(deliveries), kill_after, rate))


def ids(number: int) -> list[str]:
    """So many deliveries."""
    return [str(uuid.uuid4()) for _ in range(number)]


async def _send(receiver: ReceiverProcess, deliveries: list[str], kill_after: int, rate: float) -> Outcome:
    requests = [(delivery, *_request(number, delivery)) for number, delivery in enumerate(deliveries, 1)]
    outcome = Outcome()
    waiting = enumerate(requests)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=timeout) as session:

        async def connection() -> None:
            for number, (delivery, body, about) in waiting:
                due = start + number / rate if rate else time.perf_counter()
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                try:
                    async with session.post(receiver.webhook, data=body, headers=about) as response:
                        await response.read()
                except aiohttp.ClientError:
                    return
                outcome.times.append(time.perf_counter() - due)
                outcome.answered[delivery] = response.status
                if kill_after and len(outcome.times) == kill_after:
                    receiver.end(signal.SIGKILL)

        start = time.perf_counter()
        await asyncio.gather(*[connection() for _ in range(CONNECTIONS)])
        outcome.took = time.perf_counter() - start
    return outcome


def _request(number: int, delivery: str) -> tuple[bytes, dict[str, str]]:
    """GitHub's own example of a pull request that was pushed to, with another number."""
    (example,) = [found for found in real("pull_request") if found["action"] == "synchronize"]
    example["pull_request"]["number"] = number
    body = encoded(example)
    return body, headers("pull_request", body, delivery)
