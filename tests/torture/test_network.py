"""A network that delays, splits, stalls and cuts: everyone has each room whole, each event once."""

import asyncio

import pytest

from tests.torture.checker import read_log
from tests.torture.conftest import Launch
from tests.torture.network import BadNetwork, Size
from tests.torture.sizes import at_most_s, sized

pytestmark = [pytest.mark.real, at_most_s(420)]

SIZE = sized(Size(400, 12, 2, 2), Size(20_000, 250, 6, 5))


async def test_cuts_stalls_and_split_frames_leave_no_hole_and_no_double(launch: Launch) -> None:
    server = launch("--rate-limits", "off")
    await asyncio.to_thread(server.start)
    network = BadNetwork(server.port, SIZE)
    await network.attack()
    server.kill()

    network.compare("network", read_log(server.data))
    assert "Traceback" not in server.log_text()
