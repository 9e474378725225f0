"""The runtime `python_processes`: an asyncio loop for the connections, a pool of processes for what costs CPU."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from python_common.contract import Program, main

PR_SET_PDEATHSIG = 1


def become_worker(parent, listener):
    """A process of the pool dies with the program, however that ends, and leaves listening and stopping to it."""
    import ctypes
    import signal
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.close(sys.stdin.fileno())
    listener.close()
    if os.getppid() != parent:
        os._exit(1)  # it was gone before the line above


def start_pool(count, listener):
    """`count` processes, forked before there are threads."""
    import concurrent.futures
    import multiprocessing
    context = multiprocessing.get_context("fork")
    pool = concurrent.futures.ProcessPoolExecutor(count, context, become_worker, (os.getpid(), listener))
    concurrent.futures.wait([pool.submit(os.getpid) for _ in range(count)])
    return pool


def start(request, listeners):
    from python_common.asyncio_server import AsyncioServer
    from python_common.asyncio_verbs import AsyncioVerbs
    for listener in listeners[1:]:
        listener.close()  # one loop: the workers are the processes
    pool = start_pool(request.workers, listeners[0])
    return AsyncioServer(request, listeners[:1], lambda: AsyncioVerbs(pool, computes_in_executor=True))


main(Program(
    name="python_processes", model="process", engine="epoll",
    description="CPython: one asyncio loop, and a ProcessPoolExecutor for CPU work; workers are its processes",
    workloads=("cpu_request", "mixed", "service"), start=start,
    without="only CPU work goes to its processes: all else is python_asyncio"))
