"""uvicorn in a thread, with a count of what it received and sent."""
import importlib.util
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from python_common.contract import Done
from python_common.sessions import Counters
from python_common.wire import Documents

READY_S, DRAIN_S = 8.0, 1.0
KEEP_ALIVE_S = 86_400  # a client may wait with its next request


def fastest_parts():
    """What `uvicorn --http auto --loop auto` takes, where it is installed."""
    has = importlib.util.find_spec
    return {"http": "httptools" if has("httptools") else "h11", "loop": "uvloop" if has("uvloop") else "asyncio"}


def protocol_class(name):
    if name == "httptools":
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as protocol
    else:
        from uvicorn.protocols.http.h11_impl import H11Protocol as protocol
    return protocol


class CountingTransport:
    """A transport that counts what is written to it."""

    def __init__(self, transport, counts):
        self._transport, self._counts = transport, counts

    def write(self, data):
        self._counts.bytes_sent += len(data)
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


def counting(protocol, counts, live):
    """`protocol` as it is, with the bytes and connections counted."""

    class Counting(protocol):
        def connection_made(self, transport):
            counts.accepted += 1
            live.add(self)
            super().connection_made(CountingTransport(transport, counts))

        def data_received(self, data):
            counts.bytes_received += len(data)
            super().data_received(data)

        def connection_lost(self, error):
            live.discard(self)
            super().connection_lost(error)

        def send_400_response(self, message):
            counts.requests += 1
            counts.errors += 1
            super().send_400_response(message)

    return Counting


def application(documents, counts):
    async def answer(request):
        try:
            async for _ in request.stream():
                pass  # a connection goes on only behind a body that has been read
        except ClientDisconnect:  # nobody is left to answer, and nothing to report
            return Response()
        number = request.path_params.get("number", 0)
        if number >= 1 << 32:
            return Response(status_code=404)
        return Response(documents.document(number), media_type="application/json")

    methods = ["GET", "HEAD", "POST"]
    routes = Starlette(routes=[Route("/", answer, methods=methods), Route("/{number:int}", answer, methods=methods)])

    async def counted(scope, receive, send):
        counts.requests += 1
        if not scope["path"].startswith("/"):  # a target in absolute form, which uvicorn leaves as it is
            scope["path"] = "/" + scope["path"].partition("://")[2].partition("/")[2]
        await routes(scope, receive, send)

    return counted


class UvicornServer:
    """What `Program.start` gives: serves from the moment it is made."""

    def __init__(self, request, listeners):
        self.notes = []
        self._counts, self._live = Counters(), set()
        parts = fastest_parts()
        app = application(Documents(request.values["body_bytes"]), self._counts)
        config = uvicorn.Config(app, http=counting(protocol_class(parts["http"]), self._counts, self._live),
                                loop=parts["loop"], lifespan="off", access_log=False, log_level="error", backlog=4096,
                                timeout_keep_alive=KEEP_ALIVE_S)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=(listeners,), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + READY_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("uvicorn did not start")
            time.sleep(0.005)

    def stop(self):
        self._server.should_exit = True  # it looks ten times a second
        self._thread.join(DRAIN_S)
        aborted = len(self._live)
        counters = {name: getattr(self._counts, name) for name in Counters.__slots__}
        return Done(counters, aborted, [])
