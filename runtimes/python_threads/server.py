"""The runtime `python_threads`: a thread for each connection, blocking calls, one GIL."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from python_common.contract import Program, main
from python_common.parameters import NETWORK, Parameter


def start(request, listeners):
    from python_common.threads_server import ThreadServer
    from python_common.threads_verbs import ThreadVerbs
    return ThreadServer(request, listeners, ThreadVerbs())


def job(request, at_rest):
    from python_common import sleepers
    return sleepers.with_threads(request, at_rest)


main(Program(
    name="python_threads", model="thread", engine="blocking",
    description="CPython: a thread per connection with blocking calls; under the GIL one runs at a time",
    workloads=(*NETWORK, "sleepers"),
    parameters=[Parameter("stack_bytes", "bytes", 262_144, 65_536, 67_108_864, "stack of each thread, reserved")],
    start=start, job=job, lag_reason="it has no loop: each connection has a thread"))
