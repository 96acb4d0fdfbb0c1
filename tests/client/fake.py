"""A server that speaks just enough `hubbub.v1` to misbehave on purpose."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets import Subprotocol
from websockets.asyncio.server import ServerConnection, serve

AT = "2026-01-31T12:00:00.000Z"
Frame = dict[str, Any]


class FakeServer:
    """Rooms as lists of frames; hooks decide about each post."""

    def __init__(self, *, json_dialect: bool = True) -> None:
        self.logs: dict[str, list[Frame]] = {"lobby": []}
        self.kinds: dict[str, str] = {}
        self.epoch = "e1"
        self.limits: dict[str, int] = {"frame_bytes": 65536}
        self.nonces: dict[str, Frame] = {}
        self.hellos: list[Frame] = []
        self.requests: list[Frame] = []
        self.lines: list[ServerConnection] = []
        self.replay_events = 100
        self.page_events = 200
        self.read = 0
        self.kind = "guest"
        self.greet_with: Frame | None = None
        self.greet: Callable[[Frame], Frame | None] = lambda frame: self.greet_with
        self.before_post: Callable[[Frame], Frame | str | None] = lambda frame: None
        self.json_dialect = json_dialect
        self.members: list[Frame] = []
        self.members_of: dict[str, list[Frame]] = {}
        self.topics: dict[str, str] = {}
        self.commands: list[Frame] = []
        self.unread: dict[str, int] = {}
        self.may: list[str] = []
        self.may_here: list[str] = []
        self.url = ""
        self._server: Any = None
        self._port = 0

    @property
    def texts(self) -> list[str]:
        return [frame["text"] for frame in self.logs["lobby"]]

    async def start(self) -> None:
        protocols = [Subprotocol("hubbub.v1")] if self.json_dialect else None
        choose = None if self.json_dialect else (lambda connection, offered: None)
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self._port,
            subprotocols=protocols,
            select_subprotocol=choose,
            compression=None,
            max_size=None,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"127.0.0.1:{self._port}"

    async def stop(self, code: int = 1001) -> None:
        self._server.close(code=code) if code == 1001 else self._server.close()
        await self._server.wait_closed()

    def cut_all(self) -> None:
        for line in list(self.lines):
            line.transport.abort()

    def append(self, room: str, text: str, **fields: Any) -> Frame:
        log = self.logs.setdefault(room, [])
        frame = {
            "type": "message",
            "room": room,
            "seq": len(log) + 1,
            "at": AT,
            "from": {"id": "u9", "name": "bob"},
            "text": text,
            **fields,
        }
        log.append(frame)
        return frame

    async def say(
        self, text: str, room: str = "lobby", sender: Frame | None = None, **fields: Any
    ) -> None:
        """Somebody else posts."""
        if sender is not None:
            fields["from"] = sender
        await self.tell(self.append(room, text, **fields))

    async def tell(self, frame: Frame | str) -> None:
        data = frame if isinstance(frame, str) else json.dumps(frame)
        for line in list(self.lines):
            with contextlib.suppress(websockets.ConnectionClosed):
                await line.send(data)

    # ---

    async def _talk(self, line: ServerConnection) -> None:
        try:
            async for data in line:
                if not self.json_dialect:
                    await line.send(f"[user0]: {data!s}")
                    continue
                frame = json.loads(data)
                self.requests.append(frame)
                for answer in self._answers(line, frame):
                    if answer == "cut":
                        line.transport.abort()
                        return
                    await line.send(answer if isinstance(answer, str) else json.dumps(answer))
                if frame["type"] == "command" and frame["line"] == "/quit":
                    await line.close(1000, "bye")
                    return
        except websockets.ConnectionClosed:
            pass
        finally:
            if line in self.lines:
                self.lines.remove(line)

    def _answers(self, line: ServerConnection, frame: Frame) -> list[Frame | str]:
        answer = getattr(self, f"_{frame['type']}", None)
        if frame["type"] == "hello":
            return self._hello(line, frame)
        if answer is None:
            return [{"type": "ok", "id": frame["id"]}]
        answers: list[Frame | str] = answer(frame)
        return answers

    def _hello(self, line: ServerConnection, frame: Frame) -> list[Frame | str]:
        self.hellos.append(frame)
        if (refusal := self.greet(frame)) is not None:
            return [refusal]
        self.lines.append(line)
        asked = frame.get("rooms", {"lobby": None})
        for room in asked:
            self.logs.setdefault(room, [])
        answers: list[Frame | str] = [self._welcome(frame)]
        other = frame.get("epoch") not in {None, self.epoch}
        for room, after in asked.items():
            log = self.logs[room]
            if after is None:
                page = log[-50:]
                replay = {"room": room, "events": page, "more": len(log) > 50}
                answers.append({"type": "replay", **replay})
            elif other or after > len(log) or len(log) - after > self.replay_events:
                start = 1 if other or after > len(log) else after + 1
                gap = {"room": room, "have": after, "next": start, "last": len(log)}
                answers.append({"type": "gap", **gap})
            else:
                replay = {"room": room, "events": log[after:], "more": False}
                answers.append({"type": "replay", **replay})
        return answers

    def _welcome(self, frame: Frame) -> Frame:
        rooms = [
            {
                "room": room,
                "kind": self.kinds.get(room, "public"),
                "topic": self.topics.get(room, ""),
                "first": 1,
                "last": len(log),
                "read": len(log) - self.unread[room] if room in self.unread else self.read,
                "unread": self.unread.get(room, 0),
                "role": "guest",
                "may": self.may_here,
            }
            for room, log in self.logs.items()
        ]
        return {
            "type": "welcome",
            "user": {
                "id": "u1",
                "name": frame.get("name") or "user0",
                "kind": self.kind,
                "role": "guest",
            },
            "session": "secret",
            "epoch": self.epoch,
            "server": {"name": "fake", "version": "0"},
            "ping_s": 20,
            "rooms": rooms,
            "commands": self.commands,
            "limits": self.limits,
            "may": self.may,
            "a_field_of_a_later_release": True,
        }

    def _post(self, frame: Frame) -> list[Frame | str]:
        verdict = self.before_post(frame)
        if verdict == "cut":
            return ["cut"]
        if isinstance(verdict, dict):
            return [{"type": "error", "id": frame["id"], "temporary": False, **verdict}]
        ok = {"type": "ok", "id": frame["id"], "room": frame["room"], "at": AT}
        said = self.nonces.get(frame["nonce"])
        if said is not None:
            return [{**ok, "seq": said["seq"], "dup": True}]
        person = {"id": "u1", "name": "ann"}
        said = self.append(frame["room"], frame["text"], **{"from": person})
        self.nonces[frame["nonce"]] = said
        if verdict == "store, then cut":
            return ["cut"]
        return [said, {**ok, "seq": said["seq"]}]

    def _history(self, frame: Frame) -> list[Frame | str]:
        log = self.logs[frame["room"]]
        limit = min(frame.get("limit", 50), self.page_events)
        if "after" in frame:
            page = log[frame["after"] : frame["after"] + limit]
            more = bool(page) and page[-1]["seq"] < len(log)
        else:
            before = log[: frame.get("before", len(log) + 1) - 1]
            page, more = before[-limit:], len(before) > limit
        ok = {"type": "ok", "id": frame["id"], "first": 1, "last": len(log)}
        return [{**ok, "events": page, "more": more}]

    def _join(self, frame: Frame) -> list[Frame | str]:
        log = self.logs.setdefault(frame["room"], [])
        ok = {"type": "ok", "id": frame["id"], "room": frame["room"], "topic": ""}
        return [{**ok, "first": 1, "last": len(log), "events": log[-50:], "more": False}]

    def _members(self, frame: Frame) -> list[Frame | str]:
        here = self.members_of.get(frame["room"], self.members)
        people = sorted(here, key=lambda member: str(member["name"]))
        after = [member for member in people if member["name"] > frame.get("after", "")]
        page = after[: frame.get("limit", 50)]
        return [{"type": "ok", "id": frame["id"], "members": page, "more": len(after) > len(page)}]

    def _rooms(self, frame: Frame) -> list[Frame | str]:
        rooms = [{"room": room, "topic": "", "users": 1} for room in self.logs if room[0] != "@"]
        return [{"type": "ok", "id": frame["id"], "rooms": rooms, "more": False}]

    def _command(self, frame: Frame) -> list[Frame | str]:
        verdict = self.before_post(frame)
        if verdict == "cut":
            return ["cut"]
        if isinstance(verdict, dict):
            return [{"type": "error", "id": frame["id"], "temporary": False, **verdict}]
        return [{"type": "ok", "id": frame["id"], "text": f"ran {frame['line']}"}]


@asynccontextmanager
async def fake_server(*, json_dialect: bool = True) -> AsyncIterator[FakeServer]:
    """A fake on a free port of this machine."""
    server = FakeServer(json_dialect=json_dialect)
    await server.start()
    try:
        yield server
    finally:
        server.cut_all()
        await server.stop()
        await asyncio.sleep(0)
