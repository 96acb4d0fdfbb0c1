"""`hubbub join` on a terminal: the full-screen client."""

import asyncio
import signal

from hubbub.client import saved
from hubbub.client.options import JoinOptions
from hubbub.client.tui.app import HubbubApp, Outcome

_STOPPING = (signal.SIGTERM, signal.SIGHUP)


async def run(options: JoinOptions) -> Outcome:
    """Talks until the person ends it. Raises ConfigError for a wrong address or a broken file."""
    kept = saved.load()
    server = saved.find_server(options.url, kept)
    app = HubbubApp(options, kept, server)
    loop = asyncio.get_running_loop()
    for number in _STOPPING:
        # Whoever is told to stop still leaves the terminal as it was.
        loop.add_signal_handler(number, app.stop, number)
    try:
        outcome = await app.run_async(mouse=kept.preferences.mouse)
    finally:
        for number in _STOPPING:
            loop.remove_signal_handler(number)
    return outcome or Outcome(app.return_code or 0)
