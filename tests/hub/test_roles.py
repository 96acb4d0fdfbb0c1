"""Roles have one writer, and what was read before a commit takes nothing of it back."""

import ast
import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

import hubbub
from hubbub.hub.rooms.roles import take_member, take_room
from hubbub.hub.state.room import Room
from hubbub.hub.state.room_roles import Roles
from hubbub.model import Role, RoomKind
from hubbub.protocol import requests
from hubbub.storage.changes import RoleChanged, SaveMember
from hubbub.storage.records import RoomRecord
from tests.hub.conftest import Client, House
from tests.hub.test_accounts import member
from tests.hub.test_private_rooms import ran_in
from tests.sources import nodes

ROOT = Path(hubbub.__file__).parent
WRITTEN = {
    # What is written, and by whom alone.
    "_by_user": {"hub/state/room_roles.py"},
    "_role": {"hub/state/room.py"},
    "_kind": {"hub/state/room.py"},
}
CALLED = {
    "take_account": {
        "hub/settlement.py",
        "hub/upkeep/outside_changes.py",
        "hub/people/accounts.py",
    },
    "_set_role": {"hub/state/room_roles.py"},
}
APPLIED_BY = {
    "hub/state/room.py",
    "hub/rooms/registry.py",
    "hub/rooms/roles.py",
    "hub/settlement.py",
}


def sources() -> list[tuple[str, Iterable[ast.AST]]]:
    found = (ROOT / "hub").rglob("*.py")
    return [(path.relative_to(ROOT).as_posix(), nodes(path)) for path in found]


def id_of(client: Client) -> str:
    assert client.session.user is not None
    return client.session.user.id


def test_roles_have_one_writer() -> None:
    touched: dict[str, set[str]] = {}
    for path, found in sources():
        for node in found:
            if isinstance(node, ast.Attribute):
                touched.setdefault(node.attr, set()).add(path)
    for name, writers in WRITTEN.items():
        assert touched[name] <= writers, name
    for name, callers in CALLED.items():
        assert touched[name] - {"hub/state/room.py"} <= callers, name
    assert touched["apply"] <= APPLIED_BY


def test_the_roles_of_a_room_and_a_user_cannot_be_written_from_outside() -> None:
    room = Room(RoomRecord("den", RoomKind.PUBLIC, "", 1, 0), (), {"a": Role.OWNER})
    with pytest.raises(TypeError):
        room.roles["a"] = Role.MEMBER  # type: ignore[index]
    with pytest.raises(AttributeError):
        room.roles = {}  # type: ignore[misc]
    assert room.roles.apply(RoleChanged("a", None)) == {"a"}
    assert room.roles.apply(Roles({"b": Role.MODERATOR})) == {"b"}
    assert room.roles.apply(Roles({"b": Role.MODERATOR})) == set()


async def test_what_was_read_before_a_commit_takes_no_role_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    ann_id, bob_id = id_of(ann), id_of(bob)
    await ann.ask(requests.Join(room="den"))
    room = house.hub.parts.rooms.live("den")
    assert room is not None
    read = house.hub.parts.log.read
    given = SaveMember("den", bob_id, Role.MODERATOR)

    async def slow(*args, **kwargs):  # type: ignore[no-untyped-def]
        found = await read(*args, **kwargs)
        if bob_id not in room.roles:
            await house.hub.parts.committer.outcome(given)
        return found

    monkeypatch.setattr(house.hub.parts.log, "read", slow)
    await take_room(house.hub.parts.log, room)
    assert room.roles == {ann_id: Role.OWNER, bob_id: Role.MODERATOR}
    room.roles.apply(RoleChanged(bob_id, None))
    assert await take_member(house.hub.parts.log, room, bob_id)
    assert room.roles == {ann_id: Role.OWNER, bob_id: Role.MODERATOR}


async def test_a_role_holds_only_once_it_is_in_the_log(house: House) -> None:
    await member(house, "olga")
    ann, _ = await member(house, "ann")
    house.storage.failing = "the disk is full"
    reply = await ann.ask(requests.Join(room="den"))
    assert (reply["type"], reply["role"]) == ("ok", "member")
    room = house.hub.parts.rooms.live("den")
    assert room is not None
    assert dict(room.roles) == {}
    house.storage.failing = None
    await ann.ask(requests.Leave(room="den"))
    assert (await ann.ask(requests.Join(room="den")))["role"] == "owner"
    house.storage.failing = "the disk is full"
    # Nobody is half out.
    assert (await ann.ask(requests.Leave(room="den")))["code"] == "unavailable"
    assert room.roles == {id_of(ann): Role.OWNER}
    assert "den" in ann.session.rooms


async def test_a_room_that_nobody_could_come_in_with_is_made_by_the_next(house: House) -> None:
    await member(house, "olga")
    ann, _ = await member(house, "ann")
    house.storage.failing = "the disk is full"
    refused = await house.json(name="new", rooms={"den": None})
    assert [frame["code"] for frame in refused.objects()] == ["unavailable"]
    house.storage.failing = None
    assert (await ann.ask(requests.Join(room="den")))["role"] == "owner"


async def test_two_owners_cannot_both_leave_a_private_room_to_nobody(house: House) -> None:
    ann, _ = await member(house, "ann")
    bob, _ = await member(house, "bob")
    await member(house, "cat")
    await ann.ask(requests.Command(room="lobby", line="/room new den private"))
    name = next(name for name in ann.session.rooms if name.startswith("+"))
    for each in ("bob", "cat"):
        await ran_in(ann, name, f"/invite {each}")
    await ran_in(ann, name, "/role bob owner here")
    house.storage.go.clear()
    leaving = [asyncio.ensure_future(each.ask(requests.Leave(room=name))) for each in (ann, bob)]
    await asyncio.sleep(0)
    house.storage.go.set()
    assert sorted([(await each).get("code", "") for each in leaving]) == ["", "forbidden"]
