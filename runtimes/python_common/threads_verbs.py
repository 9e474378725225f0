"""The verbs of the workloads on threads: each blocks its thread, so a coroutine over them never suspends."""
import collections
import concurrent.futures
import queue
import socket
import threading
import time

from .sessions import SESSION_ERRORS
from .workloads import GatherFailed


class Tally:
    def __init__(self):
        self._value, self._lock = 0, threading.Lock()

    def add(self, change):
        with self._lock:
            self._value += change
            return self._value


class FairSemaphore:
    """Permits in the order of arrival, which threading.Semaphore does not promise."""

    def __init__(self, permits):
        self._permits, self._waiting, self._lock = permits, collections.deque(), threading.Lock()

    async def acquire(self):
        with self._lock:
            if self._permits > 0:
                self._permits -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def release(self):
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()  # the permit goes from hand to hand
            else:
                self._permits += 1


class FairQueue:
    """Things in the order in which they came, to takers in the order of arrival."""

    def __init__(self):
        self._things, self._permits = queue.SimpleQueue(), FairSemaphore(0)

    def put_nowait(self, thing):
        self._things.put(thing)
        self._permits.release()

    async def get(self):
        await self._permits.acquire()
        return self._things.get()


class BlockingPeer:
    """A connection whose calls block."""

    def __init__(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection

    async def receive(self):
        return self.connection.recv(65536)

    async def receive_exactly(self, count):
        received = b""
        while len(received) < count:
            piece = self.connection.recv(count - len(received))
            if not piece:
                raise EOFError
            received += piece
        return received

    async def send(self, data):
        self.connection.sendall(data)

    def shut(self, how):
        try:
            self.connection.shutdown(how)
        except OSError:
            pass  # it is not connected any more

    def abort(self):
        self.connection.close()


def run(coroutine):
    """Runs a coroutine over verbs that block to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a coroutine over blocking verbs was suspended")


class ThreadVerbs:
    semaphore, queue, tally = FairSemaphore, FairQueue, Tally

    def __init__(self):
        self._limits = threading.local()

    async def sleep(self, seconds):
        """Up to the deadline of this thread, where there is one."""
        deadline = getattr(self._limits, "deadline", None)
        if deadline is not None and time.monotonic() + seconds > deadline:
            time.sleep(max(0.0, deadline - time.monotonic()))
            raise TimeoutError
        time.sleep(seconds)

    async def with_deadline(self, seconds, work):
        self._limits.deadline = time.monotonic() + seconds
        try:
            await work
        finally:
            self._limits.deadline = None

    async def gather(self, links, frames, groups):
        """A thread for each but the first, which this one asks; or one for each of `groups`, with more of its own. The first
        failure closes the others' connections."""
        failed = threading.Event()

        def ask_part(begin, end):
            pool = self._children(end - begin - 1)
            asked = [pool.submit(self._ask, links[i], frames[i], links, failed) for i in range(begin + 1, end)]
            return [self._ask(links[begin], frames[begin], links, failed), *(each.result() for each in asked)]

        size = len(links) // groups
        pool = self._children(groups - 1 + size - 1)
        parts = [pool.submit(ask_part, begin, begin + size) for begin in range(size, len(links), size)]
        answers = ask_part(0, size)
        for part in parts:
            answers += part.result()
        if failed.is_set():
            for link in links:
                link.close()  # one that was answered just before has been shut down as well
            raise GatherFailed(sum(answer is None for answer in answers) - 1)
        return answers

    def _children(self, count):
        """The threads that this thread has for its children; they end with it."""
        if not hasattr(self._limits, "children"):
            self._limits.children = concurrent.futures.ThreadPoolExecutor(max(1, count))
        return self._limits.children

    @staticmethod
    def _ask(link, frame, links, failed):
        try:
            return run(link.ask(frame))
        except SESSION_ERRORS:
            if not failed.is_set():
                failed.set()
                for other in links:
                    peer = other.peer
                    if peer is not None:
                        peer.shut(socket.SHUT_RDWR)
            return None

    async def connect(self, port):
        return BlockingPeer(socket.create_connection(("127.0.0.1", port)))

    async def offload(self, function, *arguments):
        """In place: the thread is nobody else's."""
        return function(*arguments)

    compute = offload

    def end_session(self):
        """Ends the threads of this thread's children."""
        if hasattr(self._limits, "children"):
            self._limits.children.shutdown(wait=False)
