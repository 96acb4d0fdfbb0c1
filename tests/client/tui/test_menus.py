"""What is offered about people, rooms and messages, from the rights that a server told."""

from dataclasses import replace

import pytest

from hubbub.client.state import RoomView
from hubbub.client.tui import menus, reports
from hubbub.client.tui.actions import acts
from hubbub.client.tui.filled_in import (
    duration_problem,
    number_problem,
    read_duration,
    reason_problem,
)
from hubbub.client.tui.view import View
from hubbub.protocol.replies import Ban, Invitation
from hubbub.protocol.requests import Request, Unban, Unmute
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
    ("kind", "whom", "room", "lifting", "question"),
    [
        ("ban", "max", None, Unban(name="max"), "Let max in again?"),
        (
            *("ban", "address 192.0.2.7", None, Unban(name="address 192.0.2.7")),
            "Let address 192.0.2.7 in again?",
        ),
        ("mute", "max", None, Unmute(name="max"), "Give max the word again everywhere?"),
        *[
            (
                "mute",
                "max",
                "dev",
                Unmute(room="dev", name="max"),
                "Give max the word again in dev?",
            )
        ],
    ],
)
def test_a_ban_is_lifted_by_its_request(
    kind: str, whom: str, room: str | None, lifting: Request, question: str
) -> None:
    ban = Ban(kind, whom, room, "ann", "", None, "")  # type: ignore[arg-type]

    assert acts.lifting(ban) == lifting
    assert reports.lift_question(ban) == question


def test_invitations_are_revoked_by_their_id() -> None:
    several = Invitation("a1b2", 3, "2026-03-05T09:00:00.000Z")
    one = Invitation("c3d4", 1, "2026-03-06T09:00:00.000Z")

    items = [reports.invitation_item(each) for each in (several, one)]
    assert [item.value for item in items] == ["a1b2", "c3d4"]
    assert [item.label for item in items] == ["a1b2  for 3 people", "c3d4  for 1 person"]
    assert items[0].hint == "until 2026-03-05 09:00"


def test_what_is_filled_in_is_refused_with_what_is_understood() -> None:
    assert [read_duration(text) for text in ("", "10m", "1 hour", "1w")] == [
        None,
        600,
        3600,
        604800,
    ]
    assert "10m, 2h, 7d, 1w or 1 hour" in duration_problem("a while")
    assert "ten years" in duration_problem("600w")
    assert reason_problem("x" * 200) == ""
    assert reason_problem("x" * 203) == "At most 200 characters; 3 too many."
    assert [number_problem(text, 365) for text in ("1", "365")] == ["", ""]
    for text in ("0", "366", "-1", "1.5", "many", "9" * 5_000):
        assert number_problem(text, 365) == "A whole number from 1 to 365."
