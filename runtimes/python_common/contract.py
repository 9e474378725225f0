"""The process contract (runtimes/CONTRACT.md): describe, serve and job, for a runtime that is a `Program`.

The harness asks every runtime to describe itself each time that it starts: what only serving needs is imported then.
"""
import json
import os
import sys

from .arguments import Refused, misused, parse
from .parameters import ABSENT, JOBS, WORKLOAD_PARAMETERS

CONTRACT = 1
PYTHON_MIN = (3, 11)  # asyncio.timeout


class Program:
    """A runtime. `start(request, listeners)` gives a server that runs already: `notes`, and `stop()` that gives a `Done`;
    `job(request, at_rest)` gives the fields of the `result` line. `lag_reason`: why it cannot tell how late its loops are,
    None where it can. `packages`: of each module that it imports, Debian's package. `without`: why it offers no other of the
    workloads that others in Python offer."""

    def __init__(self, *, name, model, engine, description, workloads, start, job=None, packages=None, parameters=(),
                 lag_reason=None, without="", workers_max=1024, workers_hint=""):
        self.name, self.model, self.engine, self.description = name, model, engine, description
        self.workloads, self.start, self.job = workloads, start, job
        self.packages, self.parameters, self.lag_reason = packages or {}, parameters, lag_reason
        self.without = without
        self.workers_max, self.workers_hint = workers_max, workers_hint


class Done:
    """What the `done` line says."""

    def __init__(self, counters, aborted_sessions, notes, loop_lag=None):
        self.counters, self.aborted_sessions, self.notes, self.loop_lag = counters, aborted_sessions, notes, loop_lag


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def module_version(module):
    """The version of an installed module, as the folder of its metadata is called; None when it is not installed."""
    import glob
    import importlib.util
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        return None
    folders = glob.glob(os.path.dirname(found.submodule_search_locations[0]) + f"/{module}-*-info")
    return os.path.basename(folders[0]).split("-")[1].removesuffix(".dist").removesuffix(".egg") if folders else "unknown"


def obstacle(program, versions):
    """Why the program cannot run here, or None."""
    if sys.version_info < PYTHON_MIN:
        return f"needs Python {'.'.join(map(str, PYTHON_MIN))}, and this is {sys.version.split()[0]}"
    absent = [package for module, package in program.packages.items() if versions[module] is None]
    return f"install {' and '.join(absent)}" if absent else None


def describe(program):
    versions = {module: module_version(module) for module in program.packages}
    reason = obstacle(program, versions)
    return {
        "contract": CONTRACT, "name": program.name, "model": program.model, "engine": program.engine,
        "description": program.description, "available": reason is None, "reason": reason, "reference_only": False,
        "versions": {sys.implementation.name: sys.version.split()[0], **versions},
        "parameters": [each.described() for each in program.parameters], "lacks": [],
        "loop_lag": {"supported": program.lag_reason is None, "reason": program.lag_reason},
        "workloads": {name: described_workload(program, name) for name in [*WORKLOAD_PARAMETERS, *ABSENT]}}


def described_workload(program, name):
    reason = None if name in program.workloads else program.without or ABSENT[name]
    return {"kind": "job" if name in JOBS else "server", "supported": reason is None, "reason": reason}


def effective(program, request, listen=None):
    fields = {"runtime": program.name, "workload": request.workload, "workers": request.workers,
              "rounds_per_us": request.rounds_per_us, "set": request.values}
    return fields if listen is None else {**fields, "listen": listen}


def open_listeners(request):
    """A listening socket for each worker, all on one port: the kernel spreads the connections."""
    import socket
    listeners, port = [], request.port
    for _ in range(request.workers):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if request.workers > 1:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((request.address, port))
            listener.listen(4096)
        except OSError as error:
            raise Refused(f"cannot listen on {request.address}:{port}: {error.strerror}") from None
        port = listener.getsockname()[1]
        listeners.append(listener)
    return listeners


class StopWatch:
    """Tells when to stop: SIGTERM, or the end of standard input. A second SIGTERM ends the program at once."""

    def __init__(self):
        import signal
        self._wake, self._signalled = os.pipe()
        os.set_blocking(self._signalled, False)
        signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))
        signal.set_wakeup_fd(self._signalled)  # whichever thread the signal is delivered to

    def wait(self):
        import select
        while True:
            ready, _, _ = select.select([self._wake, sys.stdin], [], [])
            if self._wake in ready or not os.read(sys.stdin.fileno(), 4096):
                return


def serve(program, request):
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    watch = StopWatch()
    listeners = open_listeners(request)
    server = program.start(request, listeners)
    port = listeners[0].getsockname()[1]
    say(event="ready", contract=CONTRACT, port=port, pid=os.getpid(), notes=server.notes,
        effective=effective(program, request, f"{request.address}:{port}"))
    watch.wait()
    done = server.stop()
    line = {"event": "done", "counters": done.counters, "aborted_sessions": done.aborted_sessions, "notes": done.notes}
    if done.loop_lag is not None:
        line["loop_lag"] = done.loop_lag
    say(**line)


def job(program, request):
    if program.job is None:
        raise misused(f"{program.name} has no jobs")

    def at_rest():
        say(event="at_rest", contract=CONTRACT, effective=effective(program, request))
        StopWatch().wait()
        os._exit(0)  # the tasks still wait, as they should

    result = program.job(request, at_rest if request.hold else None)
    say(event="result", contract=CONTRACT, effective=effective(program, request), **result)


def main(program, words=None):
    """Runs the program and ends the process."""
    words = sys.argv[1:] if words is None else words
    status = 0
    try:
        verb, rest = (words[0], words[1:]) if words else ("", [])
        if verb == "describe":
            say(**describe(program))
        elif verb == "serve":
            serve(program, parse(verb, rest, program))
        elif verb == "job":
            job(program, parse(verb, rest, program))
        else:
            raise misused(f"unknown verb '{verb}'; there are: describe, serve, job")
    except Refused as refusal:
        say(event="error", reason=str(refusal), hint=refusal.hint)
        status = refusal.status
    except BrokenPipeError:
        status = 1  # nobody reads the lines any more
    sys.stderr.flush()
    os._exit(status)  # not held up by threads whose sessions were given up
