"""A runtime in a few lines of Python that keeps the contract (runtimes/CONTRACT.md), or breaks it in
the way that BEHAVIOUR says. Started by the manifests that harness/tests/conftest.py writes:

    program.py NAME BEHAVIOUR FOLDER describe | serve ... | job ...

FOLDER is only there to be seen in the list of processes.
"""
import collections
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

NAME, BEHAVIOUR, FOLDER, VERB = sys.argv[1:5]


def say(**line):
    print(json.dumps(line), flush=True)


def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1000)


def crash():
    print("this is where it hurts", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def options(words):
    """The command line of the contract as (workload, workers, rounds_per_us, set)."""
    given = {"--workers": "1", "--rounds-per-us": "1"}
    settings = {}
    for name, value in zip(words[::2], words[1::2]):
        if name == "--set":
            key, number = value.split("=")
            settings[key] = int(number) if number.lstrip("-").isdigit() else number
        else:
            given[name] = value
    return given["--workload"], int(given["--workers"]), int(given["--rounds-per-us"]), settings


def listen_address():
    words = sys.argv
    return words[words.index("--listen") + 1].rpartition(":")[0] if "--listen" in words else "127.0.0.1"


def describe():
    if BEHAVIOUR == "describe-crash":
        crash()
    if BEHAVIOUR == "describe-hang":
        hang()
    if BEHAVIOUR == "describe-rubbish":
        print("Hello, I am a runtime!", flush=True)
        return
    # Each of these answers by the request itself is a refusal.
    refused = {name: {"kind": "server", "supported": True, "reason": None} for name in ("overload", "deadline")
               if BEHAVIOUR == "refuse-all"}
    print(json.dumps({
        "contract": 1, "name": NAME, "model": "loop", "engine": "epoll", "description": "for tests",
        "available": BEHAVIOUR != "unavailable",
        "reason": "no wind" if BEHAVIOUR == "unavailable" else None,
        "reference_only": False, "versions": {},
        "lacks": ["sails: there is no canvas for more than 2"] if BEHAVIOUR == "fallback" else [],
        "parameters": [{"name": "sails", "unit": "", "default": 2, "min": 1, "max": 9,
                        "about": "changes nothing", "choices": []}],
        "workloads": {"echo": {"kind": "server", "supported": True, "reason": None},
                      "hash": {"kind": "job", "supported": True, "reason": None},
                      "spawn_join": {"kind": "job", "supported": True, "reason": None},
                      "delay": {"kind": "server", "supported": False, "reason": "cannot wait"}, **refused}}))


class EchoServer:
    def __init__(self, size, wait_s):
        self.size, self.wait_s = size, wait_s
        self.waiting = collections.deque()  # (when, to whom, what)
        self.lost = 0
        self.pending = {}  # what came of a message so far, where messages count
        self.counters = dict.fromkeys(
            ["accepted", "requests", "bytes_received", "bytes_sent", "errors"], 0)
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server((listen_address(), 0), backlog=1024)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        # SIGTERM becomes a readable descriptor, so that it interrupts nothing in the middle.
        wake, self.wake_writer = socket.socketpair()
        self.wake_writer.setblocking(False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(self.wake_writer.fileno())
        self.selector.register(wake, selectors.EVENT_READ, "stop")
        self.selector.register(sys.stdin, selectors.EVENT_READ, "stop")

    def serve(self):
        while True:
            wait_s = max(0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            for key, _ in self.selector.select(wait_s):
                if key.data == "stop":
                    return
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.echo(key.fileobj)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                self.send(*self.waiting.popleft()[1:])

    def send(self, peer, data):
        peer.setblocking(True)
        peer.sendall(data)
        self.counters["bytes_sent"] += len(data)

    def accept(self):
        try:
            peer, _ = self.listener.accept()
        except BlockingIOError:
            return
        if BEHAVIOUR == "few" and self.counters["accepted"] == 2:
            print("no room for a third", file=sys.stderr, flush=True)
            peer.close()
            return
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(peer, selectors.EVENT_READ)
        self.counters["accepted"] += 1
        if BEHAVIOUR == "die-connected":
            crash()

    def echo(self, peer):
        try:
            data = peer.recv(65536)
        except ConnectionError:
            self.counters["errors"] += 1
            data = b""
        if not data:
            self.selector.unregister(peer)
            peer.close()
            return
        if BEHAVIOUR == "die-loaded" and self.counters["bytes_received"] > 100 * self.size:
            os.kill(os.getpid(), signal.SIGKILL)
        if BEHAVIOUR == "hang-loaded" and self.counters["bytes_received"] > 100 * self.size:
            hang()
        if BEHAVIOUR == "wrong-bytes" and self.counters["bytes_received"] > 100 * self.size:
            data = bytes(len(data))
        self.counters["bytes_received"] += len(data)
        if BEHAVIOUR == "lose":
            data = self.without_lost(peer, data)
        if self.wait_s:
            self.waiting.append((time.monotonic() + self.wait_s, peer, data))
        else:
            self.send(peer, data)

    def without_lost(self, peer, data):
        """The replies to the messages that are whole now, but each thousandth of the server's."""
        data = self.pending.pop(peer, b"") + data
        kept = b""
        while len(data) >= self.size:
            self.counters["requests"] += 1
            if self.counters["requests"] % 1000 == 0:
                self.lost += 1
            else:
                kept += data[:self.size]
            data = data[self.size:]
        self.pending[peer] = data
        return kept

    def done(self):
        self.counters["requests"] = self.counters["bytes_sent"] // self.size
        if BEHAVIOUR == "miscount":
            self.counters["requests"] += 1
        return self.counters


def serve(workload, workers, rounds_per_us, settings):
    if BEHAVIOUR == "crash":
        crash()
    if BEHAVIOUR == "hang":
        hang()
    if BEHAVIOUR == "rubbish":
        print("listening on a port near you", flush=True)
        hang()
    if BEHAVIOUR == "port-in-use":
        say(event="error", reason="cannot listen on 127.0.0.1:80: Address already in use",
            hint="choose another port")
        sys.exit(1)
    server = EchoServer(12 if BEHAVIOUR == "refuse-all" else settings.get("size", 64), settings.get("deadline_us", 0) / 1e6)
    effective = {"runtime": NAME, "workload": workload, "workers": workers,
                 "rounds_per_us": rounds_per_us, "set": {"sails": 2, **settings}}
    if BEHAVIOUR == "other-size":
        effective["set"]["size"] += 1
    if BEHAVIOUR == "other-workers":
        effective["workers"] += 1
    if BEHAVIOUR == "fallback":
        effective["set"]["sails"] = min(effective["set"]["sails"], 2)
    if BEHAVIOUR == "bad-ready":
        say(event="ready", contract=1, port="many", pid=os.getpid(), effective=effective, notes=[])
    else:
        say(event="ready", contract=1, port=server.listener.getsockname()[1], pid=os.getpid(),
            effective=effective, notes=["a note"] if BEHAVIOUR in ("note", "fallback") else [])
    server.serve()
    if BEHAVIOUR == "never-stop":
        hang()
    if BEHAVIOUR == "silent-end":
        sys.exit(0)
    if BEHAVIOUR == "open-output":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", FOLDER])
    say(event="done", counters=server.done(), aborted_sessions=0,
        notes={"lose": [f"lost {server.lost} replies"],
               "limit": ["a limit of 7 was reached"]}.get(BEHAVIOUR, []))
    sys.exit(5 if BEHAVIOUR == "bad-exit" else 0)


def job(workload, workers, rounds_per_us, settings):
    if BEHAVIOUR == "crash":
        crash()
    if workload == "spawn_join":
        tasks = settings["tasks"]
        created = tasks - 1 if BEHAVIOUR == "wrong-answer" else tasks
        say_result(workload, workers, rounds_per_us, settings, tasks, str(tasks * (tasks - 1) // 2),
                   tasks_created=created, tasks_live_peak=created, iterations_per_sample=1, clock_ns=20,
                   samples={"name": "lateness", "histogram": HISTOGRAM})
        return
    import hashlib
    block = bytearray(common_data(settings["block_bytes"]))
    digests = b""
    for i in range(settings["blocks"]):
        block[:4] = i.to_bytes(4, "little")
        digests += hashlib.sha256(block).digest()
    answer = hashlib.sha256(digests).hexdigest()
    if BEHAVIOUR == "wrong-answer":
        answer = "0" * 64
    say_result(workload, workers, rounds_per_us, settings, settings["blocks"], answer)


HISTOGRAM = {"unit": "ns", "sub_bucket_bits": 7, "counts": [[100, 2]], "count": 2, "min": 100, "max": 100,
             "sum": 200}


def say_result(workload, workers, rounds_per_us, settings, units, answer, **more):
    say(event="result", contract=1,
        effective={"runtime": NAME, "workload": workload, "workers": workers,
                   "rounds_per_us": rounds_per_us, "set": {"sails": 2, **settings}},
        iterations=2, units_per_iteration=units, wall_ns=200, cpu_ns=180, answer=answer, latency=HISTOGRAM,
        notes=[], **more)


def common_data(length):
    """SplitMix64 from seed 0x5eed, as workloads/PROTOCOL.md says."""
    mask = 2**64 - 1
    seed, words = 0x5eed, b""
    while len(words) < length:
        seed = (seed + 0x9e3779b97f4a7c15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & mask
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & mask
        words += (z ^ (z >> 31)).to_bytes(8, "little")
    return words[:length]


if VERB == "describe":
    describe()
else:
    {"serve": serve, "job": job}[VERB](*options(sys.argv[5:]))
