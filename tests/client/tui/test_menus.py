"""What is offered about people, rooms and messages, from the rights that a server told."""

from dataclasses import replace

import pytest

from hubbub.client.state import RoomView
from hubbub.client.tui import menus, reports
from hubbub.client.tui.actions import commands
from hubbub.client.tui.view import View
from hubbub.protocol.replies import Ban
from tests.client.tui.test_store import ANN, BOB, said, start


def seen(*, here: tuple[str, ...] = (), server: tuple[str, ...] = (), **room: object) -> View:
    view = start()
    lobby = replace(view.chat.rooms["lobby"], may=here, **room)  # type: ignore[arg-type]
    chat = replace(view.chat, may=server, rooms={**view.chat.rooms, "lobby": lobby})
    return replace(view, chat=chat)


def values(view: View, name: str = "bob") -> set[str]:
    return {item.value for item in menus.about_person(view, name)}


def test_without_rights_one_may_whisper_mention_and_ignore() -> None:
    assert values(seen(here=("post",))) == {"whisper", "mention", "whois", "ignore"}


@pytest.mark.parametrize(
    ("right", "offered"),
    [("mute", {"mute", "unmute"}), ("kick", {"kick"}), ("roles_here", {"role_here"})],
)
def test_a_right_in_the_room_is_offered_there(right: str, offered: set[str]) -> None:
    assert values(seen(here=(right,))) - values(seen()) == offered
    direct = seen(here=(right,), kind="direct")
    assert values(direct) == values(seen())


def test_rights_on_the_server_are_offered_everywhere_and_about_oneself_nothing() -> None:
    view = seen(server=("ban", "roles", "mute_everywhere"))
    assert values(view) >= {"ban", "role", "mute_everywhere", "unmute_everywhere"}
    assert values(view, "Ann") == {"whois"}


def test_messages_are_deleted_by_their_authors_and_by_those_who_may() -> None:
    plain, moderator = seen(), seen(here=("delete",))
    own, other = said(1, sender=ANN), said(1, sender=BOB)

    assert menus.may_delete(plain, own)
    assert not menus.may_delete(plain, other)
    assert menus.may_delete(moderator, other)
    assert not menus.may_delete(seen(here=("delete",), archived=True), own)


def test_a_rooms_settings_are_offered_as_their_opposites() -> None:
    def of(**room: object) -> set[str]:
        view = RoomView("x", may=("settings", "invite_here"), **room)  # type: ignore[arg-type]
        return {item.value for item in menus.about_room(view)}

    assert of() == {"rename", "private", "read-only", "archive", "leave"}
    assert of(kind="private", read_only=True) == {
        *("invite_here", "rename", "public", "writable", "archive", "leave"),
    }
    assert of(archived=True) == {"unarchive", "leave"}
    assert {item.value for item in menus.about_room(RoomView("x"))} == {"leave"}


@pytest.mark.parametrize(
    ("kind", "whom", "room", "line"),
    [
        ("ban", "max", None, "/unban max"),
        ("ban", "address 192.0.2.7", None, "/unban 192.0.2.7"),
        ("mute", "max", None, "/unmute max everywhere"),
        ("mute", "max", "dev", "/unmute max"),
    ],
)
def test_a_ban_is_lifted_by_its_command(kind: str, whom: str, room: str | None, line: str) -> None:
    ban = Ban(kind, whom, room, "ann", "", None, "")  # type: ignore[arg-type]

    assert commands.lifting(ban) == line


def test_invitations_are_revoked_by_the_first_word_of_their_line() -> None:
    answer = "a1b2  3 left, until 2026-03-05 09:00 UTC\nc3d4  1 left, until 2026-03-06 09:00 UTC"

    assert [item.value for item in reports.invitation_items(answer)] == ["a1b2", "c3d4"]
    assert reports.invitation_items("There is no invitation that could be used.") == []
