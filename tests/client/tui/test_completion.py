"""What the word before the cursor may become."""

from dataclasses import replace

from hubbub.client.state import with_members
from hubbub.client.tui.completion import Offer, offer
from hubbub.client.tui.store import with_chat
from hubbub.client.tui.view import View
from hubbub.protocol.events import CommandInfo
from hubbub.protocol.replies import Member
from tests.client.tui.test_store import loaded, start

COMMANDS = (
    CommandInfo("nick", "/nick NAME", "Changes your name."),
    CommandInfo("whisper", "/whisper NAME[,NAME...] TEXT", "Says it to a few."),
)


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
