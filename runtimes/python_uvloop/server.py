"""The runtime `python_uvloop`: what `python_asyncio` serves, on uvloop: libuv behind the interface of asyncio."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from python_common.contract import main
from python_common.loops import loop_program


def new_loop():
    import uvloop
    return uvloop.new_event_loop()


main(loop_program(
    new_loop, name="python_uvloop", packages={"uvloop": "python3-uvloop"},
    description="CPython: a coroutine per connection on uvloop, over libuv; workers are loops in threads under one GIL"))
