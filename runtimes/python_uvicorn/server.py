"""The runtime `python_uvicorn`: `http` as a web service is written in Python: a Starlette application on uvicorn."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from python_common.contract import Program, main


def start(request, listeners):
    from python_uvicorn.uvicorn_server import UvicornServer
    return UvicornServer(request, listeners)


main(Program(
    name="python_uvicorn", model="coroutine", engine="epoll",
    description="CPython: a Starlette application on uvicorn, with httptools and uvloop where they are installed",
    packages={"uvicorn": "python3-uvicorn", "starlette": "python3-starlette"}, workloads=("http",), start=start,
    without="uvicorn serves HTTP and nothing else", lag_reason="the loop is made and run by uvicorn",
    workers_max=1, workers_hint="uvicorn's own workers are processes of their own; --workers 1"))
