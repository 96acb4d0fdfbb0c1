"""What the word before the cursor may become."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubbub.client.state import with_members
from hubbub.client.tui.completion import Offer, offer
from hubbub.client.tui.store import with_chat
from hubbub.client.tui.view import View
from hubbub.protocol.events import ArgumentInfo, CommandInfo
from hubbub.protocol.replies import Member
from tests.client.tui.test_store import loaded, room, start

COMMANDS = (
    CommandInfo("nick", "/nick NAME", "Changes your name."),
    CommandInfo(
        "whisper",
        "/whisper NAME[,NAME...] TEXT",
        "Says it to a few.",
        arguments=(ArgumentInfo("NAME[,NAME...]", "people"), ArgumentInfo("TEXT", "text")),
    ),
)
GOLDEN = json.loads(
    (Path(__file__).parent.parent.parent / "golden" / "completion.json").read_text("utf-8")
)
TABLE = msgspec.convert(GOLDEN["commands"], list[CommandInfo])


def view() -> View:
    people = tuple(Member(f"m{n}", name, "guest", False) for n, name in enumerate(("Bea", "bert")))
    begun = loaded(start())
    return with_chat(begun, with_members(begun.chat, "lobby", people))


def offered(before: str) -> Offer:
    return offer(before, view(), COMMANDS, {"deployments"})


def texts(before: str) -> list[str]:
    return [choice.text for choice in offered(before).choices]


def test_commands_are_the_servers_and_this_clients() -> None:
    assert texts("/ni") == ["/nick "]
    assert texts("/NOT") == ["/notices "]
    assert offered("/ni").choices[0].hint == "Changes your name."
    assert texts("//ni") == []


def test_who_spoke_last_is_offered_first() -> None:
    assert texts("hi @b") == ["@bob ", "@Bea ", "@bert "]
    assert texts("@B") == ["@bob ", "@Bea ", "@bert "]


def test_a_name_without_a_sign_is_completed_when_asked_and_addresses_at_the_beginning() -> None:
    assert texts("bo") == ["bob: "]
    assert texts("so bo") == ["bob "]
    assert not offered("bo").unasked


def test_whispers_take_several_names() -> None:
    assert texts("/whisper bob,be") == ["Bea", "bert"]
    assert offered("/whisper bob,be").chars == 2
    assert texts("/whisper bob hello b") == ["bob ", "Bea ", "bert "]


def words(before: str) -> list[str]:
    """What this client offers where the golden file's people and rooms are known."""
    people = tuple(Member(f"m{n}", name, "guest", False) for n, name in enumerate(GOLDEN["people"]))
    chat = with_members(start(room("lobby")).chat, "lobby", people)
    known = with_chat(start(room("lobby")), chat)
    return sorted(
        each.text.strip() for each in offer(before, known, TABLE, GOLDEN["rooms"]).choices
    )


@pytest.mark.parametrize(
    "case",
    [
        each
        for each in GOLDEN["cases"]
        # The golden file names a few commands of its own.
        if each["wanted"] is not None and not each["before"].startswith(("/help", "/?"))
    ],
    ids=lambda case: case["before"],
)
def test_the_words_of_commands_are_completed_as_in_the_other_clients(case: dict[str, Any]) -> None:
    wanted, found = case["wanted"], words(case["before"])
    # Nobody is offered to themselves.
    choices = sorted(each for each in wanted["choices"] if each != "ann")
    if wanted["in_text"]:
        # Anybody may be named in it, besides.
        assert set(choices) <= set(found) <= {*choices, *GOLDEN["people"]}
    else:
        assert found == choices


def test_a_word_that_may_be_left_out_is_offered_once_it_is_begun() -> None:
    def unasked(before: str) -> bool:
        return offer(before, view(), TABLE).unasked

    assert not unasked("/mute bob ")
    assert unasked("/mute bob ev")
    assert offer("/mute bob ", view(), TABLE).choices[0].text == "everywhere "


def test_rooms_are_offered_also_those_not_entered() -> None:
    assert texts("/join de") == ["deployments ", "dev "]
    assert texts("see #de") == ["#deployments ", "#dev "]


def test_emoji_go_by_their_names_and_turn_into_themselves() -> None:
    assert texts("well :tad")[0] == "🎉 "
    assert offered("well :tad").chars == 4
    assert texts("at 12:30") == []
    assert texts(":") == []


def test_oneself_is_never_offered() -> None:
    assert "@ann " not in texts("@")


def test_the_word_may_stand_on_another_line() -> None:
    assert texts("first line\n@be") == ["@Bea ", "@bert "]
    assert replace(view(), room=None).in_view is None
