"""A long text through the whole of hubbub: one client's pipe in, another's pipe out."""

import importlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from rich._emoji_codes import EMOJI

from tests.conftest import Server
from tests.deadline import PROGRAM_S
from tests.torture.sizes import at_most_s, sized

pytestmark = pytest.mark.real

LINES = sized(20_000, 100_000)
LOCALES = ("ar_AA", "bn_BD", "el_GR", "he_IL", "hy_AM", "ja_JP", "ru_RU", "th_TH", "zh_CN", "la")


def scripture() -> list[str]:
    """Lines of words in ten scripts and with emoji, the same at every run, none blank."""
    draw = random.Random(1)
    words = [
        importlib.import_module(f"faker.providers.lorem.{locale}").Provider.word_list
        for locale in LOCALES
    ]
    emoji = list(EMOJI.values())
    lines = []
    for number in range(LINES):
        said = draw.choices(draw.choice(words), k=draw.randint(1, 9))
        lines.append(" ".join([*said, draw.choice(emoji), str(number)]))
    return lines


def join(server: Server, *flags: str) -> list[str]:
    return [sys.executable, "-m", "hubbub", "join", server.url, "--room", "library", *flags]


@at_most_s(180)
def test_very_many_lines_arrive_once_and_in_order(server: Server, tmp_path: Path) -> None:
    lines = scripture()
    source, heard = tmp_path / "source", tmp_path / "heard"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with heard.open("wb") as output:
        # It ends by itself: after as many messages as there are lines, `head` closes the pipe.
        reader = subprocess.Popen(
            [*join(server, "--name", "reader", "--json"), "--follow"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
        )
        wanted = subprocess.Popen(
            ["grep", "--line-buffered", "-m", str(LINES), '^{"type":"message"'],
            stdin=reader.stdout,
            stdout=output,
        )
        assert reader.stdout is not None
        reader.stdout.close()
        server.await_metric("hubbub_users", 1)
        with source.open("rb") as input_:
            writer = subprocess.run(
                join(server, "--name", "writer"),
                stdin=input_,
                stdout=subprocess.DEVNULL,
                env=environment,
                timeout=150,
                check=False,
            )
        assert writer.returncode == 0
        assert wanted.wait(timeout=PROGRAM_S) == 0
        reader.terminate()
        reader.wait(timeout=PROGRAM_S)

    messages = [json.loads(line) for line in heard.read_text("utf-8").splitlines()]
    assert [message["text"] for message in messages] == lines
    assert [message["seq"] for message in messages] == list(range(1, LINES + 1))
