"""`python -m benchmarks.cluster.ear URL CONNECTIONS`: so many nodes that hear a subject.

Says `ready` once they do. At each line on stdin it says how many signs it has heard and the CPU
seconds that it has used, as a JSON list.
"""

import asyncio
import json
import os
import sys

import uvloop

from benchmarks.cluster.signs import SUBJECT
from hubbub.bus import open_bus
from hubbub.hub import signs
from hubbub.logs import configure


async def main(url: str, connections: int) -> None:
    """Hears until stdin ends."""
    heard = 0

    def hear(subject: str, data: bytes) -> None:
        nonlocal heard
        signs.decode(data)
        heard += 1

    buses = [open_bus(url) for _ in range(connections)]
    for bus in buses:
        await bus.start(hear, lambda: None)
        bus.subscribe(SUBJECT)
        await bus.settle()
    print("ready", flush=True)  # noqa: T201
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([heard, sum(os.times()[:2])]), flush=True)  # noqa: T201
    for bus in buses:
        await bus.close()


if __name__ == "__main__":
    configure("error", "text")
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
