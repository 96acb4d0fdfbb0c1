"""What events say in English: one sentence for each, which the page has too."""

import ast
import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import hubbub
from hubbub.model import Role, RoomKind
from hubbub.protocol import events, plain, replies, requests
from hubbub.protocol.words import answer, sentence
from tests.sources import nodes

Told = events.Act | events.Unknown | events.Presence
GOLDEN: list[dict[str, Any]] = json.loads(
    Path(__file__).parents[1].joinpath("golden/sentences.json").read_text("utf-8")
)


def told(case: dict[str, Any]) -> Told:
    return msgspec.convert(case["event"], Told)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["sentence"])
def test_an_event_says_what_clients_of_all_kinds_show(case: dict[str, Any]) -> None:
    assert sentence(told(case)) == case["sentence"]


def test_every_kind_of_event_that_has_a_sentence_is_there() -> None:
    assert {type(told(case)) for case in GOLDEN} == set(get_args(Told))
    states = {event.state for case in GOLDEN if isinstance(event := told(case), events.Presence)}
    assert states == {"joined", "left", "renamed", "away", "back"}


def test_a_topic_that_was_removed_is_not_one_that_was_set_in_the_history() -> None:
    removed = events.Topic(
        room="lobby",
        seq=2,
        at="2026-01-31T12:34:56.000Z",
        sender=events.Person("a", "ann"),
        text="",
    )

    assert plain.format_history(removed, "b") == "2026-01-31 12:34 ann removed the topic."


CHANGED = replies.RoomChanged(
    room="dev", kind="private", read_only=False, archived=False, role="owner"
)
INVITED = replies.InvitationMade(
    code="c0de", link="http://chat/#c0de", uses=1, until="2026-02-01T00:00:00.000Z"
)
ANSWERS: list[tuple[requests.Request, events.Reply, str]] = [
    (
        requests.Kick(room="dev", name="bob"),
        replies.Done(act="kick", whom="bob", room="dev"),
        "bob is shown out of dev.",
    ),
    (
        requests.Mute(room="dev", name="bob", duration_s=600),
        replies.Done(act="mute", whom="bob", room="dev"),
        "bob is muted in dev for 10 minutes.",
    ),
    (
        requests.Unmute(room=None, name="bob"),
        replies.Done(act="unmute", whom="bob"),
        "bob has the word again everywhere.",
    ),
    (
        requests.Ban(name="bob"),
        replies.Done(act="ban", whom="bob"),
        "bob is banned.",
    ),
    (
        requests.Unban(name="bob"),
        replies.Done(act="unban", whom="bob"),
        "bob may come in again.",
    ),
    (
        requests.SetRole(room=None, name="bob", role=Role.ADMIN),
        replies.Done(act="set_role", whom="bob", role="admin"),
        "bob is an admin of this server now.",
    ),
    (
        requests.Invite(room="dev", name="bob"),
        replies.Done(act="invite", whom="bob", room="dev"),
        "bob is invited.",
    ),
    (
        requests.ChangeRoom(room="old", name="dev"),
        CHANGED,
        "old is called dev now.",
    ),
    (
        requests.ChangeRoom(room="dev", kind=RoomKind.PRIVATE),
        CHANGED,
        "dev is a private room; you are an owner of it.",
    ),
    (
        requests.Delete(room="dev", seq=3),
        events.Ok(),
        "The message 3 of dev is deleted.",
    ),
    (
        requests.MakeInvitation(),
        INVITED,
        "For 1 person, within 7 days: http://chat/#c0de or /register NAME PASSWORD c0de",
    ),
    (
        requests.Invitations(),
        replies.InvitationList(invitations=()),
        "There is no invitation that could be used.",
    ),
    (
        requests.RevokeInvitation(invitation="i"),
        events.Ok(),
        "Nobody comes in by that invitation any more.",
    ),
]


@pytest.mark.parametrize(
    ("request_", "reply", "text"), ANSWERS, ids=lambda each: type(each).__name__
)
def test_what_came_of_an_act_is_said(
    request_: requests.Request, reply: events.Reply, text: str
) -> None:
    assert answer(request_, reply) == text


def test_no_command_makes_a_request_that_nothing_is_said_of() -> None:
    commands = Path(hubbub.__file__).parent / "hub/commands"
    made = {
        node.func.attr
        for file in commands.glob("*.py")
        for node in nodes(file)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "requests"
    }

    assert made == {type(request).__name__ for request, _, _ in ANSWERS}
