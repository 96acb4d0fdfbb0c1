"""What a person's lines do and what is shown for them, against a server of our own making."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

import hubbub
from hubbub.client.changes import RoomRefused
from hubbub.client.line.completion import candidates
from hubbub.client.line.conversation import Conversation
from hubbub.client.line.look import Look
from hubbub.client.typed import read_typed
from hubbub.errors import RoomFull
from hubbub.hub.commands.table import COMMANDS, told
from hubbub.protocol.events import Message, Person
from tests.client.fake import FakeServer, fake_server
from tests.client.test_sdk import QUICK
from tests.deadline import within

pytestmark = pytest.mark.real


class Desk:
    """A conversation whose shown lines are kept."""

    def __init__(self, chat: hubbub.Chat) -> None:
        self.lines: list[str] = []
        self.conversation = Conversation(chat, Look(colour=False), self.lines.append)

    async def type(self, line: str) -> None:
        typed = read_typed(line)
        assert typed is not None
        await self.conversation.do(typed)

    async def shown(self, line: str) -> None:
        """Takes events until a line that ends so is shown."""
        async with within(10):
            while not any(found.endswith(line) for found in self.lines):
                self.conversation.take(await anext(self.conversation.chat))


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[Desk, FakeServer]]:
    async with fake_server() as fake:
        fake.commands = [msgspec.to_builtins(told(entry)) for entry in COMMANDS.values()]
        async with hubbub.connect(fake.url, bounds=QUICK) as chat:
            yield Desk(chat), fake


async def test_a_line_is_said_in_the_room_in_view_and_shown_when_it_comes_back() -> None:
    async with desk() as (person, fake):
        await person.type("hi")
        await person.shown("[ann]: hi")
        await person.type("//etc")
        await person.shown("[ann]: /etc")
    assert fake.texts == ["hi", "/etc"]


async def test_join_brings_a_room_into_view_with_its_last_page_and_leave_goes_back() -> None:
    async with desk() as (person, fake):
        fake.append("dev", "earlier")
        await person.type("/join dev")
        assert person.conversation.room == "dev"
        assert [line for line in person.lines if line.endswith("[bob]: earlier")]
        await fake.say("elsewhere")
        await person.shown("#lobby [bob]: elsewhere")
        await person.type("/leave")
        assert person.conversation.room == "lobby"
        assert person.lines[-1] == "* -- You left dev and are in lobby."


async def test_commands_of_the_server_are_run_and_their_answer_is_shown() -> None:
    async with desk() as (person, _):
        await person.type("/who")
        assert person.lines == ["/who", "* -- ran /who"]


async def test_somebody_ignored_is_not_shown_under_another_name_either() -> None:
    async with desk() as (person, fake):
        await fake.say("one")
        await person.shown("[bob]: one")
        await person.type("/ignore Bob")
        renamed = {"id": "u9", "name": "robert"}
        await fake.say("two", sender=renamed)
        await fake.say("three", sender={"id": "u8", "name": "cara"})
        await person.shown("[cara]: three")
        assert not [line for line in person.lines if line.endswith("two")]
        await person.type("/unignore bob")
        await fake.say("four")
        await person.shown("[bob]: four")
        await person.type("/unignore bob")
        assert person.lines[-1] == "! You do not ignore bob."


async def test_what_cannot_be_done_is_told_and_nothing_else_happens() -> None:
    async with desk() as (person, fake):
        fake.before_post = lambda frame: {"code": "no_such_user", "message": "Nobody is so called."}
        await person.type("/ignore nobody-there")
        assert person.lines[-1] == "! Nobody is so called."
        await person.type("/ignore")
        assert person.lines[-1] == "* -- You ignore nobody."
        await person.type("/notices foo")
        assert person.lines[-1].startswith("! /notices takes on or off")
        await person.type("/leave")
        for line in ("/who", "/me waves", "/topic", "/leave", "hi"):
            await person.type(line)
            assert person.lines[-1] == "! You are in no room; /join ROOM enters one."
        fake.before_post = lambda frame: None
        await person.type("/who lobby")
        assert person.lines[-1] == "* -- ran /who lobby"


async def test_who_comes_and_goes_is_shown_only_when_asked_for() -> None:
    async with desk() as (person, fake):
        came = {"type": "presence", "room": "lobby", "user": {"id": "u8", "name": "cara"}}
        await fake.tell({**came, "state": "joined"})
        await fake.say("hi")
        await person.shown("[bob]: hi")
        assert not [line for line in person.lines if "cara" in line]
        await person.type("/notices on")
        await fake.tell({**came, "state": "left"})
        await person.shown("* -- cara left.")


async def test_a_break_and_the_return_are_one_line_each_and_nothing_is_lost() -> None:
    async with desk() as (person, fake):
        await fake.stop()
        await person.shown(" s")
        await person.type("while away")
        await fake.start()
        await person.shown("[ann]: while away")
        lost, waits, again = (line for line in person.lines if line.startswith("* --"))
        assert lost.startswith("* -- Connection lost: ")
        assert waits == "* -- Not connected; this will be sent afterwards."
        assert again == "* -- Connected again."
    assert fake.texts == ["while away"]


async def test_refusals_are_shown_and_end_nothing() -> None:
    async with desk() as (person, fake):
        fake.before_post = lambda frame: {"code": "muted", "message": "You are muted."}
        await person.type("hi")
        async with within(10):
            await person.conversation.chat.ping()
        assert person.lines == ["! You are muted."]
        await person.type("/ignore a,b")
        assert person.lines[-1].startswith("! The name 'a,b' cannot be used")


async def test_tab_completes_commands_rooms_and_names() -> None:
    async with desk() as (person, _):
        talk = person.conversation
        talk.known_rooms.update({"dev", "design"})
        for user_id, name in (("u7", "Dora"), ("u8", "dan")):
            sender = Person(user_id, name)
            talk.take(Message(room="lobby", seq=1, at="", sender=sender, text="x"))
        assert candidates("/jo", talk) == ("/jo", ["/join"])
        assert candidates("/join de", talk) == ("de", ["design", "dev"])
        assert candidates("/whisper d", talk) == ("d", ["dan", "Dora"])
        assert candidates("/w dan,do", talk) == ("do", ["Dora"])
        assert candidates("hello do", talk) == ("do", ["Dora"])
        assert candidates("", talk) == ("", [])
        assert candidates("/kick d", talk) == ("d", ["dan", "Dora"])
        assert candidates("/mute dan e", talk) == ("e", ["everywhere"])
        assert candidates("/me waves at do", talk) == ("do", ["Dora"])
        assert candidates("/role dan mo", talk) == ("mo", ["moderator"])
        assert candidates("/help ki", talk) == ("ki", ["kick"])


async def test_a_room_that_goes_away_sends_no_line_to_another() -> None:
    async with desk() as (person, fake):
        await person.type("/join dev")
        person.conversation.take(RoomRefused("dev", RoomFull("It is full.")))
        await person.type("for dev alone")
        assert person.lines[-2:] == [
            "! No longer in dev: It is full.",
            "! You are in no room; /join ROOM enters one.",
        ]
    assert fake.texts == []


async def test_with_no_room_in_view_a_command_goes_to_none() -> None:
    async with desk() as (person, fake):
        await person.type("/join dev")
        person.conversation.room = None
        await person.type("/kick zed")
        assert person.lines[-1] == "! You are in no room; /join ROOM enters one."
        await person.type("/mute zed")
        await person.type("/ban zed")
        assert person.lines[-1] == "* -- ran /ban zed"
    commands = [frame for frame in fake.requests if frame["type"] == "command"]
    assert [frame["line"] for frame in commands] == ["/mute zed", "/ban zed", "/quit"]
    assert [frame for frame in commands if "room" in frame] == []


async def test_what_is_deleted_set_and_renamed_is_told_and_the_room_stays_in_view() -> None:
    async with desk() as (person, fake):
        await fake.say("oops")
        await person.shown("[bob]: oops")
        await fake.tell(fake.append("lobby", "", type="deleted", target=1))
        await person.shown("* -- bob deleted a message.")
        fake.logs["+tea-k3f9x2"] = fake.logs.pop("lobby")
        event = {"type": "settings", "kind": "private", "read_only": True, "was": "lobby"}
        await fake.tell(fake.append("+tea-k3f9x2", "", **event))
        await person.shown("* -- bob renamed lobby to tea.")
        assert person.conversation.room == "+tea-k3f9x2"
        await person.type("hi")
        await person.shown("[ann]: hi")
        assert fake.requests[-1]["room"] == "+tea-k3f9x2"
        left = {"type": "presence", "room": "+tea-k3f9x2", "state": "left"}
        await fake.tell({**left, "user": {"id": "u1", "name": "user0"}})
        await person.shown("! You are no longer in tea.")
        await fake.tell({"type": "notice", "text": "bob showed you out of tea: rude"})
        await person.shown("bob showed you out of tea: rude")
        assert person.conversation.room is None
