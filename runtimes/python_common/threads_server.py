"""A server with a thread for each connection; a worker is a thread that accepts. Under the GIL the threads take turns."""
import os
import select
import socket
import sys
import threading

from .contract import Done
from .sessions import Counters, session
from .threads_verbs import BlockingPeer, run
from .workloads import SERVERS

DRAIN_S = 1.0
SWITCH_S = sys.getswitchinterval()
LOOK_S = 1e-5  # of a thread that waits for the GIL, at what its holder does: one each SWITCH_S
ENDS_TOGETHER = 32  # so many connections that end, and none comes between: a crowd leaves


class ThreadServer:
    """What `Program.start` gives: serves from the moment it is made."""

    def __init__(self, request, listeners, verbs):
        self.notes = []
        self._request, self._verbs = request, verbs
        self._counters, self._closing_notes = Counters(), []
        self._peers, self._change = set(), threading.Condition()
        self._ends = 0  # since the last accept
        threading.stack_size(request.values["stack_bytes"])
        self._stopping, self._stop = os.pipe()
        self._acceptors = []
        for listener in listeners:
            listener.setblocking(False)
            workload = None if request.workload == "echo" else SERVERS[request.workload](verbs, request)
            self._acceptors.append(threading.Thread(target=self._accept, args=(listener, workload), daemon=True))
            self._acceptors[-1].start()

    def _accept(self, listener, workload):
        """Until the stop; connections that wait by then are served too, as their clients hold them for open."""
        while True:
            select.select([listener, self._stopping], [], [])
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                if select.select([self._stopping], [], [], 0)[0]:
                    return
                continue
            except OSError as error:
                if select.select([self._stopping], [], [], 0.01)[0]:  # else until a connection ends
                    return
                self._note(f"accept: {error.strerror}: connections wait; raise the limit of open files (ulimit -n)")
                continue
            connection.setblocking(True)
            peer = BlockingPeer(connection)
            with self._change:
                self._peers.add(peer)
                self._counters.accepted += 1
            self._ends = 0
            sys.setswitchinterval(SWITCH_S)
            try:
                threading.Thread(target=self._serve, args=(peer, workload), daemon=True).start()
            except RuntimeError:
                self._note(f"no thread for connection {len(self._peers)}, which was closed; raise kernel.pid_max, "
                           "kernel.threads-max and ulimit -u")
                self._end(peer, Counters())

    def _note(self, note):
        with self._change:
            if not self._closing_notes:
                self._closing_notes.append(note)

    def _serve(self, peer, workload):
        counts = Counters()
        try:
            run(session(workload, self._request, peer, counts))
        finally:
            self._verbs.end_session()
            self._end(peer, counts)

    def _end(self, peer, counts):
        """Thousands that end together all wait for the GIL. At the usual interval their looks would take all of the CPU: its
        holder would hardly run, and the stop come seconds too late. So they look less often, until the next accept."""
        self._ends += 1
        if self._ends > ENDS_TOGETHER:
            sys.setswitchinterval(max(SWITCH_S, LOOK_S * len(self._peers)))
        peer.connection.close()
        with self._change:
            self._peers.discard(peer)
            self._counters.add(counts)
            if not self._peers:
                self._change.notify_all()

    def stop(self):
        os.close(self._stop)  # the reading end of the pipe is readable from now on, for every acceptor
        for acceptor in self._acceptors:
            acceptor.join()
        with self._change:
            open_peers = list(self._peers)
        for peer in open_peers:
            peer.shut(socket.SHUT_RD)
        with self._change:
            self._change.wait_for(lambda: not self._peers, timeout=DRAIN_S)
            counters = {name: getattr(self._counters, name) for name in Counters.__slots__}
            return Done(counters, len(self._peers), self._closing_notes)
