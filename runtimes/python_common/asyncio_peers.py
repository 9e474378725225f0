"""A connection as a session sees it, over asyncio's two interfaces: streams, and protocols."""
import asyncio
import contextlib
import socket

RECEIVE_BYTES = 65536


def shut_receiving(transport):
    """Ends the pending receive as if the peer had closed its side; what has arrived is still received."""
    handle = transport.get_extra_info("socket")
    if handle is not None and handle.fileno() >= 0:
        with socket.socket(fileno=socket.dup(handle.fileno())) as same, contextlib.suppress(OSError):
            same.shutdown(socket.SHUT_RD)  # fails where the peer has reset the connection, which ends the receive as well


class StreamPeer:
    """Over asyncio.StreamReader and StreamWriter."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.transport = writer.transport

    def receive(self):
        return self._reader.read(RECEIVE_BYTES)

    def receive_exactly(self, count):
        return self._reader.readexactly(count)

    def send(self, data):
        self._writer.write(data)
        return self._writer.drain()

    def abort(self):
        self.transport.abort()

    async def close(self):
        """Returns when what was sent is out and the connection gone."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # the peer was quicker; what it did not take is counted where it was sent


class ProtocolPeer(asyncio.Protocol):
    """Over asyncio.Protocol, with no StreamReader between: callbacks put bytes where the session finds them."""

    def __init__(self, on_connected):
        self._on_connected = on_connected
        self._received, self._waiter = [], None
        self._is_at_end, self._error = False, None
        self._room, self._closed = None, asyncio.get_running_loop().create_future()
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self._on_connected(self)

    def data_received(self, data):
        self._received.append(data)
        self._wake()

    def eof_received(self):
        self._is_at_end = True
        self._wake()
        return True  # replies are still owed

    def pause_writing(self):
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self):
        room, self._room = self._room, None
        if not room.done():
            room.set_result(None)

    def connection_lost(self, error):
        self._is_at_end, self._error = True, error
        self._wake()
        if self._room is not None:
            self.resume_writing()
        if not self._closed.done():
            self._closed.set_result(None)

    def _wake(self):
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self):
        if not self._received and not self._is_at_end:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._received:
            data, self._received = b"".join(self._received), []
            return data
        if self._error is not None:
            raise self._error
        return b""

    async def send(self, data):
        if self._is_lost():
            raise self._error or ConnectionResetError("the connection was lost")
        self.transport.write(data)
        if self._room is not None:
            await self._room

    def _is_lost(self):
        return self._closed.done() or self._error is not None

    async def close(self):
        self.transport.close()
        await self._closed
