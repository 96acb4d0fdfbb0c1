"""`python -m benchmarks.load`: a Spec as JSON on stdin, what was Found as JSON on stdout."""

import gc
import sys

import msgspec

from benchmarks.load import lone, pages, restart, traffic
from benchmarks.load.cpu import LOAD_CORE, pin
from benchmarks.load.spec import Spec

LOADS = {"traffic": traffic.run, "lone": lone.run, "pages": pages.run, "restart": restart.run}

if __name__ == "__main__":
    gc.disable()  # a load is short, and a collection would look like a pause of the server's
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
    if not spec.parts:
        pin(LOAD_CORE)
    sys.stdout.buffer.write(msgspec.json.encode(LOADS[spec.kind](spec)))
