#!/usr/bin/python3
"""A runtime to start from: echo and delay, with a thread for each connection. README.md explains each part."""
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time

NAME = "template"
DEFAULTS = {"echo": {"size": 64}, "delay": {"delay_us": 10_000}}
MASK = (1 << 64) - 1


def say(**line):
    print(json.dumps(line), flush=True)


def refuse(status, reason):
    say(event="error", reason=reason)
    sys.exit(status)


def describe():
    say(contract=1, name=NAME, model="thread", engine="blocking", description="a place to start from", available=True,
        reason=None, reference_only=True, versions={"python": sys.version.split()[0]}, parameters=[],
        workloads={name: {"kind": "server", "supported": True, "reason": None} for name in DEFAULTS})


def parse(words):
    """Workload, rounds per microsecond, settings. An option and its value take turns."""
    options, settings = {"--workload": "", "--workers": "1", "--rounds-per-us": "1"}, {}
    if len(words) % 2:
        refuse(2, f"{words[-1]} lacks its value")
    for option, value in zip(words[::2], words[1::2]):
        if option == "--set":
            name, _, number = value.partition("=")
            settings[name] = int(number) if number.isdigit() else refuse(2, f"--set {value}: no whole number")
        elif option in options:
            options[option] = value
        else:
            refuse(2, f"unknown option '{option}'")
    workload = options["--workload"]
    if workload not in DEFAULTS:
        refuse(2, f"unknown workload '{workload}'; there are: {', '.join(DEFAULTS)}")
    if unknown := settings.keys() - DEFAULTS[workload].keys():
        refuse(2, f"{workload} has no parameter '{min(unknown)}'")
    if options["--workers"] != "1":
        refuse(3, "there is one worker")
    return workload, int(options["--rounds-per-us"]), {**DEFAULTS[workload], **settings}


class Server:
    def __init__(self, workload, values):
        self.workload, self.values = workload, values
        self.counters = dict.fromkeys(("accepted", "requests", "bytes_received", "bytes_sent", "errors"), 0)
        self.lock, self.live = threading.Condition(), set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.counters["accepted"] += 1
                self.live.add(peer)
            threading.Thread(target=self.session, args=(peer,), daemon=True).start()

    def session(self, peer):
        counts = dict.fromkeys(self.counters, 0)
        try:
            (self.echo if self.workload == "echo" else self.delay)(peer, counts)
        except OSError:
            counts["errors"] += 1
        peer.close()
        with self.lock:
            for name, count in counts.items():
                self.counters[name] += count
            self.live.discard(peer)
            self.lock.notify_all()

    def echo(self, peer, counts):
        while data := peer.recv(65536):
            peer.sendall(data)
            counts["bytes_received"] += len(data)
            counts["bytes_sent"] += len(data)
        counts["requests"] = counts["bytes_received"] // self.values["size"]

    def delay(self, peer, counts):
        stream = peer.makefile("rb")
        while len(frame := stream.read(12)) == 12:
            time.sleep(self.values["delay_us"] / 1e6)
            nonce = int.from_bytes(frame[4:], "little")
            peer.sendall(frame[:4] + (nonce ^ MASK).to_bytes(8, "little"))
            counts["bytes_received"] += 12
            counts["bytes_sent"] += 12
            counts["requests"] += 1

    def stop(self):
        """Whoever is still connected has a second; gives how many were cut off."""
        with self.lock:
            for peer in self.live:
                with contextlib.suppress(OSError):  # its client has gone meanwhile
                    peer.shutdown(socket.SHUT_RD)
            self.lock.wait_for(lambda: not self.live, timeout=1)
            return len(self.live)


def serve(words):
    workload, rounds_per_us, values = parse(words)
    server = Server(workload, values)
    port = server.listener.getsockname()[1]
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    threading.Thread(target=lambda: (sys.stdin.read(), asked.set()), daemon=True).start()
    threading.Thread(target=server.accept, daemon=True).start()
    say(event="ready", contract=1, port=port, pid=os.getpid(), notes=[],
        effective={"runtime": NAME, "workload": workload, "workers": 1, "listen": f"127.0.0.1:{port}",
                   "rounds_per_us": rounds_per_us, "set": values})
    asked.wait()
    say(event="done", aborted_sessions=server.stop(), counters=server.counters, notes=[])
    os._exit(0)


if len(sys.argv) == 2 and sys.argv[1] == "describe":
    describe()
elif len(sys.argv) > 2 and sys.argv[1] == "serve":
    serve(sys.argv[2:])
else:
    refuse(2, "verbs: describe, serve")
