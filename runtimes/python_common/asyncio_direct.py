"""Protocols that answer in their callback, as is usual with asyncio.Protocol: for workloads that wait for nothing."""
import asyncio
import logging

from .http_requests import CONTINUE
from .sessions import Counters
from .wire import Malformed, Splitter

# Else asyncio prints a line for each reply to a client that is gone, and waits for whoever reads them.
logging.getLogger("asyncio").setLevel(logging.ERROR)


class DirectProtocol(asyncio.Protocol):
    """A connection. `live` holds those that are open; what one counted goes to `total` when it ends."""

    def __init__(self, live, total, on_accept):
        self._live, self._total, self._on_accept = live, total, on_accept
        self.counts, self.transport = Counters(), None

    def connection_made(self, transport):
        self.transport = transport
        self._live.add(self)
        self._on_accept()

    def eof_received(self):
        return False  # closes once all is sent

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    def connection_lost(self, error):
        self._live.discard(self)
        if error is not None:
            self.counts.errors += 1
        self.finish()
        self._total.add(self.counts)

    def finish(self):
        """Puts the last numbers into `counts`."""


class DirectEcho(DirectProtocol):
    def __init__(self, size, *shared):
        super().__init__(*shared)
        self._size = size

    def data_received(self, data):
        self.counts.bytes_received += len(data)
        self.transport.write(data)

    def finish(self):
        self.counts.bytes_sent = self.counts.bytes_received
        self.counts.requests = self.counts.bytes_received // self._size


class DirectAnswer(DirectProtocol):
    def __init__(self, workload, *shared):
        super().__init__(*shared)
        self._workload, self._splitter = workload, Splitter(workload.take)

    def data_received(self, data):
        counts = self.counts
        counts.bytes_received += len(data)
        try:
            for request in self._splitter.feed(data):
                reply = self._workload.answer(request)
                self.transport.write(reply)
                counts.requests += 1
                counts.bytes_sent += len(reply)
                if counts.requests == self._workload.replies_max:
                    self.transport.close()
                    return
        except Malformed:
            counts.errors += 1
            self.transport.close()


class DirectHttp(DirectProtocol):
    def __init__(self, workload, *shared):
        super().__init__(*shared)
        self._conversation = workload.new_conversation()

    def data_received(self, data):
        counts, conversation = self.counts, self._conversation
        counts.bytes_received += len(data)
        for reply in conversation.feed(data):
            self.transport.write(reply)
            counts.requests += reply is not CONTINUE
            counts.bytes_sent += len(reply)
        if conversation.is_over:
            counts.errors += conversation.is_malformed
            self.transport.close()
