"""Whether a line is alive: what has come lately, and a ping where nothing has."""

import asyncio

from hubbub.client.calls import Calls, now_s
from hubbub.client.link import Link
from hubbub.errors import HubbubError
from hubbub.protocol.events import Ok
from hubbub.protocol.requests import Ping


class Pulse:
    """Gives a line up that is silent, or that leaves a request unanswered for too long."""

    def __init__(self, reply_timeout_s: float) -> None:
        self._reply_timeout_s = reply_timeout_s
        self._heard_s = 0.0

    def beat(self) -> None:
        """Something has come."""
        self._heard_s = now_s()

    async def watch(self, link: Link, calls: Calls, ping_s: float) -> None:
        """Looks twice in `ping_s` until the line is given up."""
        while True:
            await asyncio.sleep(ping_s / 2)
            if calls.unanswered_s() > self._reply_timeout_s:
                return await link.give_up("the server does not answer")
            if now_s() - self._heard_s < ping_s:
                continue
            try:
                async with asyncio.timeout(ping_s):
                    await calls.ask_once(Ping(), Ok)
            except TimeoutError:
                return await link.give_up("the server has fallen silent")
            except HubbubError:
                pass
