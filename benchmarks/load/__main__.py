"""`python -m benchmarks.load`: a Spec as JSON on stdin, what was Found as JSON on stdout."""

import sys

import msgspec

from benchmarks.load import traffic
from benchmarks.load.cpu import LOAD_CORE, pin
from benchmarks.load.spec import Spec

LOADS = {"traffic": traffic.run}

if __name__ == "__main__":
    pin(LOAD_CORE)
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
    sys.stdout.buffer.write(msgspec.json.encode(LOADS[spec.kind](spec)))
