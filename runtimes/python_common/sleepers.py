"""The job `sleepers`: tasks that wait, for what they cost in memory while they do."""
import array
import asyncio
import threading
import time

from .arguments import unable
from .latencies import histogram


def _clock_ns():
    """What a reading of the clock costs at least."""
    readings = [time.perf_counter_ns() for _ in range(1000)]
    return max(1, (readings[-1] - readings[0]) // (len(readings) - 1))


def timed(request, iteration):
    """Runs `iteration`, which gives (answer, tasks created), again and again: the fields of the result line."""
    iteration()  # warm-up
    walls_ns, cpu_begin_ns = [], time.process_time_ns()
    while sum(walls_ns) < request.min_time_s * 1e9:
        begin_ns = time.perf_counter_ns()
        answer, created = iteration()
        walls_ns.append(time.perf_counter_ns() - begin_ns)
    return {"iterations": len(walls_ns), "units_per_iteration": max(1, request.values["tasks"]),
            "wall_ns": sum(walls_ns), "cpu_ns": time.process_time_ns() - cpu_begin_ns, "answer": str(answer),
            "latency": histogram(walls_ns), "iterations_per_sample": 1, "clock_ns": _clock_ns(), "tasks_created": created,
            "tasks_live_peak": created, "samples": None, "notes": []}


async def _sleep_async(index, gate, keeps_buffer):
    if not keeps_buffer:
        await gate.wait()
        return index
    kept = array.array("Q", [index]) * 128
    await gate.wait()
    return sum(kept) // len(kept)


async def _crowd_of_tasks(request, at_rest):
    gate = asyncio.Event()
    keeps_buffer = request.values["buffer"] != "none"
    tasks = [asyncio.ensure_future(_sleep_async(i, gate, keeps_buffer)) for i in range(request.values["tasks"])]
    await asyncio.sleep(0)  # all have run up to their wait
    if at_rest:
        at_rest()
    gate.set()
    return sum(await asyncio.gather(*tasks)), len(tasks)


def with_tasks(new_loop):
    """The job on event loops that `new_loop` makes."""

    def job(request, at_rest):
        _require_one_worker(request)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            if at_rest:
                runner.run(_crowd_of_tasks(request, at_rest))
            return timed(request, lambda: runner.run(_crowd_of_tasks(request, None)))

    return job


def _sleep_blocking(index, gate, keeps_buffer, answers, arrived):
    kept = array.array("Q", [index]) * 128 if keeps_buffer else [index]
    arrived.release()
    gate.wait()
    answers.append(sum(kept) // len(kept))


def _crowd_of_threads(request, at_rest):
    gate, answers, arrived, threads = threading.Event(), [], threading.Semaphore(0), []
    keeps_buffer = request.values["buffer"] != "none"
    try:
        for i in range(request.values["tasks"]):
            arguments = (i, gate, keeps_buffer, answers, arrived)
            threads.append(threading.Thread(target=_sleep_blocking, args=arguments, daemon=True))
            threads[-1].start()
    except RuntimeError as error:
        raise unable(f"no more than {len(threads) - 1} threads: {error}",
                     "raise kernel.pid_max, kernel.threads-max and ulimit -u") from None
    for _ in threads:
        arrived.acquire()
    if at_rest:
        at_rest()
    gate.set()
    for thread in threads:
        thread.join()
    return sum(answers), len(threads)


def with_threads(request, at_rest):
    """The job on threads of the operating system."""
    _require_one_worker(request)
    if at_rest:
        _crowd_of_threads(request, at_rest)
    return timed(request, lambda: _crowd_of_threads(request, None))


def _require_one_worker(request):
    if request.workers != 1:
        raise unable("jobs in Python run on one worker: others would wait for the GIL", "--workers 1")
