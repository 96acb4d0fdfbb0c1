"""Pictures of fixed conversations; a change of one is a change that somebody looked at.

`HUBBUB_PICTURES=write` makes them anew.
"""

import os
import re
from pathlib import Path

import pytest

from tests.client.fake import FakeServer
from tests.client.tui.scene import fill
from tests.client.tui.stage import staged

pytestmark = pytest.mark.real

PICTURES = Path(__file__).parent / "pictures"


@pytest.mark.parametrize(
    ("name", "size", "theme", "keys"),
    [
        ("dark-80x24", (80, 24), "hubbub", ()),
        ("narrow-40x20", (40, 20), "hubbub", ()),
        ("light-120x30", (120, 30), "hubbub-light", ()),
        ("terminal-80x24", (80, 24), "terminal", ()),
        ("chosen-80x24", (80, 24), "hubbub", ("ctrl+up", "up")),
        ("switcher-80x24", (80, 24), "hubbub", ("ctrl+k",)),
        ("completion-80x24", (80, 24), "hubbub", ("slash", "n")),
        ("person-80x24", (80, 24), "hubbub", ("alt+p", "b", "enter")),
        (
            "mute-80x24",
            (80, 24),
            "hubbub",
            ("alt+p", *"b", "enter", *"mute", "enter", *"an", "enter"),
        ),
        (
            "ban-80x24",
            (80, 24),
            "hubbub",
            ("alt+p", *"b", "enter", *"ban", "enter", *"1h", "enter"),
        ),
        ("delete-60x20", (60, 20), "hubbub", ("ctrl+up", "d")),
    ],
)
async def test_it_looks_as_it_did(
    fake: FakeServer,
    tmp_path: Path,
    name: str,
    size: tuple[int, int],
    theme: str,
    keys: tuple[str, ...],
) -> None:
    fill(fake)
    fake.may, fake.may_here = ["ban", "mute_everywhere"], ["post", "delete", "kick", "mute"]
    async with staged(fake, size=size) as stage:
        stage.app.theme = theme
        await stage.until(lambda: len(stage.conversation.view.chat.names) == 3)
        await stage.until(lambda: "caroline" in stage.conversation.view.chat.rooms["@d1"].title)
        await stage.press(*keys)
        if not keys:
            await stage.type("see you at two")
        await stage.pilot.pause()
        drawn = _without_ids(stage.app.export_screenshot())

    kept = PICTURES / f"{name}.svg"
    if os.environ.get("HUBBUB_PICTURES") == "write":
        PICTURES.mkdir(exist_ok=True)
        kept.write_text(drawn, encoding="utf-8")
    (tmp_path / f"{name}.svg").write_text(drawn, encoding="utf-8")
    assert drawn == kept.read_text(encoding="utf-8"), f"compare {kept} with {tmp_path}"


def _without_ids(svg: str) -> str:
    # Class names are numbers made of the whole content: one letter would change every line.
    return re.sub(r"terminal-\d+", "terminal", svg)
