"""What the programs on an event loop share, whichever loop it is."""
from .contract import Program
from .parameters import NETWORK, Parameter


def loop_program(new_loop, **about):
    """A program whose workers are loops that `new_loop` makes. All imports of loops wait until one is needed: `describe`
    answers where a package is missing, too."""

    def start(request, listeners):
        from .asyncio_server import AsyncioServer
        from .asyncio_verbs import AsyncioVerbs
        return AsyncioServer(request, listeners, AsyncioVerbs, new_loop)

    def job(request, at_rest):
        from . import sleepers
        return sleepers.with_tasks(new_loop)(request, at_rest)

    return Program(
        model="coroutine", engine="epoll", workloads=(*NETWORK, "sleepers"),
        parameters=[Parameter("api", "", "streams", about="asyncio's streams, or a protocol with callbacks",
                              choices=("streams", "protocol"))],
        start=start, job=job, **about)
