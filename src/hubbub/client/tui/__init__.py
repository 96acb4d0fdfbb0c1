"""`hubbub join` on a terminal: the full-screen client."""

from hubbub.client import saved
from hubbub.client.options import JoinOptions
from hubbub.client.tui.app import HubbubApp, Outcome


async def run(options: JoinOptions) -> Outcome:
    """Talks until the person ends it. Raises ConfigError for a wrong address or a broken file."""
    kept = saved.load()
    server = saved.find_server(options.url, kept)
    app = HubbubApp(options, kept, server)
    outcome = await app.run_async(mouse=kept.preferences.mouse)
    return outcome or Outcome(app.return_code or 0)
