"""One conversation that shows most of what there is, with times that never change."""

from typing import Any

from tests.client.fake import FakeServer

ANN = {"id": "u1", "name": "ann"}
BOB = {"id": "u2", "name": "bob"}
CARA = {"id": "u3", "name": "caroline"}
JUN = {"id": "u4", "name": "準"}


def fill(server: FakeServer) -> None:
    """Puts the conversation on a server."""
    server.topics = {"lobby": "Tea, cake, and the second release"}
    server.members = [
        {"id": who["id"], "name": who["name"], "role": "guest", "away": who is JUN}
        for who in (ANN, BOB, CARA, JUN)
    ]
    server.members_of["@d1"] = [server.members[0], server.members[2]]
    server.commands = [
        {"name": "nick", "usage": "/nick NAME", "summary": "Changes your name."},
        {"name": "notify", "usage": "/notify", "summary": "Tells you of things."},
        {"name": "whisper", "usage": "/whisper NAME TEXT", "summary": "Says it to one person."},
    ]

    def say(day: int, at: str, who: dict[str, str], text: str, **fields: Any) -> None:
        instant = f"2026-03-{day:02}T{at}:00.000Z"
        server.append("lobby", text, **{"from": who, "at": instant, **fields})

    say(4, "17:40", CARA, "I pushed the last of the storage work; see you tomorrow")
    say(5, "09:02", BOB, "morning! the build is green: https://example.org/builds/1234")
    say(5, "09:03", BOB, "who reviews the storage change?")
    say(5, "09:15", CARA, "I can, after lunch. It moves the committer into a thread of its own,")
    say(5, "09:15", CARA, "and the tests with it, so it is rather long")
    say(5, "09:16", ANN, "thanks, I will take the first half then")
    say(5, "09:20", JUN, "日本語の文字もきれいに並びます 🎉")
    say(5, "09:21", BOB, "pours tea", me=True)
    say(5, "09:22", CARA, "@ann would you look at `settlement.py` first?")
    say(5, "09:24", BOB, "def answer():\n    return 42")
    server.logs["dev"] = []
    for number in range(4):
        server.append("dev", f"commit {number}", **{"from": BOB})
    server.append("@d1", "lunch?", **{"from": CARA, "to": [ANN]})
    server.kinds = {"@d1": "direct"}
    server.unread = {"lobby": 3, "dev": 4, "@d1": 1}
