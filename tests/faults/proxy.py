"""An HTTP proxy on loopback that loses requests and answers, for one API behind it.

A share of all requests meets one of these faults, each as likely as the others:

    the connection is reset before the API sees the request
    the connection is reset after the API did what was asked
    the API is overloaded: 503, and nothing was done
    something failed on the way back: 500 or 504, and what was asked was done

Which request meets which fault depends on the seed, on what is asked, and on how often it was asked before. So a run
meets the same faults again, however its threads take turns.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

import aiohttp
from aiohttp import web
from yarl import URL


@dataclass(frozen=True)
class Fault:
    """What happens instead of an answer: a status, or a reset without one; `done`: what was asked is carried out."""

    done: bool
    status: int | None = None


FAULTS = (Fault(False), Fault(True), Fault(False, 503), Fault(True, 500), Fault(True, 504))

_OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "te", "trailer"}
)
_BODY = b"<html><body><h1>The server is not available</h1></body></html>"


class FaultProxy:
    """A proxy for `upstream`, in a thread of its own while the context lasts.

    Args:
        upstream: "http://127.0.0.1:1234".
        serves: how TLS is served; None for plain HTTP.
        trusts: how the upstream's certificate is checked.

    Attributes:
        share: of requests that meet a fault, 0 to 1; may be changed at any time.
        seed: may be changed at any time; counting begins anew with `reseed`.
        met: how often each fault was met.
        requests: how many requests came.
    """

    def __init__(
        self, upstream: str, serves: ssl.SSLContext | None = None, trusts: ssl.SSLContext | None = None
    ) -> None:
        self.upstream = upstream
        self.share = 0.0
        self.seed = 0
        self.met: Counter[Fault] = Counter()
        self.requests = 0
        self._serves, self._trusts = serves, trusts
        self._asked: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ended: asyncio.Event | None = None
        self._port = 0
        self._thread = threading.Thread(target=self._run, name=f"faults before {upstream}", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{'https' if self._serves else 'http'}://127.0.0.1:{self._port}"

    def reseed(self, seed: int, share: float) -> None:
        """Begin a run of its own: with this seed, and this share of faults."""
        self.seed, self.share = seed, share
        self._asked.clear()

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self._trusts or True, limit=0, force_close=True)
        forever = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False, timeout=forever) as session:
            self._session = session
            runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._serves)
            await site.start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._ended.wait()
            await runner.cleanup()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        body = await request.read()
        fault = self._fault(request, body)
        if fault:
            self.met[fault] += 1
        if fault and not fault.done:
            return _failed(request, fault)
        try:
            return await self._forward(request, body, fault)
        except (aiohttp.ClientError, ConnectionError):
            return _reset(request)

    def _fault(self, request: web.BaseRequest, body: bytes) -> Fault | None:
        if not self.share:
            return None
        what = f"{request.method} {request.raw_path} {request.headers.get('X-Amz-Target', '')} {_action(body)}"
        self._asked[what] += 1
        chance = random.Random(f"{self.seed} {what} {self._asked[what]}")  # noqa: S311 (no secret)
        return chance.choice(FAULTS) if chance.random() < self.share else None

    async def _forward(self, request: web.BaseRequest, body: bytes, fault: Fault | None) -> web.StreamResponse:
        url, headers = URL(f"{self.upstream}{request.raw_path}", encoded=True), _end_to_end(request.headers)
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as found:
            return _failed(request, fault) if fault else await _passed_on(request, found)


def _action(body: bytes) -> str:
    """Which action of a query API is asked for."""
    return body[:40].decode("ascii", "replace") if body.startswith(b"Action=") else ""


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION}


async def _passed_on(request: web.BaseRequest, found: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=found.status, reason=found.reason, headers=_end_to_end(found.headers))
    await response.prepare(request)
    # Whoever asked may be gone: an ended tool wants no answer.
    with suppress(ConnectionError):
        async for piece in found.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    return response


def _failed(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    if fault.status is None:
        return _reset(request)
    return web.Response(status=fault.status, body=_BODY, content_type="text/html")


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection with RST instead of an answer."""
    transport = request.transport
    if transport is not None:
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
