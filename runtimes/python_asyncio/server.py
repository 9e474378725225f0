"""The runtime `python_asyncio`: coroutines on asyncio's own event loop, over streams or over protocols."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from python_common.contract import main
from python_common.loops import loop_program


def new_loop():
    import asyncio
    return asyncio.new_event_loop()


main(loop_program(
    new_loop, name="python_asyncio",
    description="CPython: a coroutine per connection on asyncio's event loop; workers are loops in threads under one GIL"))
