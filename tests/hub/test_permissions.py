"""Every request and every command, by every role, in every kind of room: done or refused.

What is expected stands here by itself: nothing of it is asked of the table that is tested.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from msgspec import structs

from hubbub.hub import commands
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.secrets import hashed
from hubbub.hub.state.permissions import TABLE, Right, reference
from hubbub.hub.state.room import Room
from hubbub.model import Role, RoomKind, UserKind
from hubbub.protocol import requests
from hubbub.protocol.events import Person
from hubbub.storage.changes import AppendMessage, RoleChanged, SaveMember, SaveSession, SaveUser
from hubbub.storage.records import UserRecord
from tests.hub.conftest import Client, House, running
from tests.storage.acts import settled

FAR_MS = 9_999_999_999_999
OTHER, THIRD, FOURTH = (Person(name, name) for name in ("other", "third", "fourth"))
RANK = {Role.GUEST: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.ADMIN: 3, Role.OWNER: 4}

OUTSIDE, MEMBER, MODERATOR, OWNER = "outside", "member", "moderator", "owner"
STANDINGS = {MEMBER: Role.MEMBER, MODERATOR: Role.MODERATOR, OWNER: Role.OWNER}
PUBLIC, READ_ONLY, ARCHIVED = "public", "read-only", "archived"
PRIVATE, PRIVATE_READ_ONLY, DIRECT = "private", "private read-only", "direct"
NAMES = {PUBLIC: "open", READ_ONLY: "news", ARCHIVED: "old", PRIVATE: "+board-abcdef"} | {
    PRIVATE_READ_ONLY: "+rules-abcdef",
    DIRECT: "@d",
}

DONE, FORBIDDEN, NO_SUCH_ROOM, NOT_A_MEMBER = "ok", "forbidden", "no_such_room", "not_a_member"


@dataclass(frozen=True)
class Situation:
    """Who somebody is on the server, and in a room of some kind."""

    server: Role
    there: str
    kind: str

    @property
    def level(self) -> int:
        """What that makes of them in the room: 1 member, 2 moderator, 3 owner; 0 outside."""
        if self.there == OUTSIDE:
            return 0
        own = {MEMBER: 1, MODERATOR: 2, OWNER: 3}[self.there]
        by_server = {Role.MODERATOR: 2, Role.ADMIN: 3, Role.OWNER: 3}.get(self.server, 1)
        return 1 if self.kind == DIRECT else max(own, by_server)

    @property
    def outside(self) -> str:
        """How one is refused who is not in the room."""
        return NO_SUCH_ROOM if self.kind in {PRIVATE, PRIVATE_READ_ONLY, DIRECT} else NOT_A_MEMBER

    def inside(self, least: int, *, direct: str = FORBIDDEN, archived: str = FORBIDDEN) -> str:
        """What comes of an act that needs a level in the room."""
        if self.level == 0:
            return self.outside
        if self.kind == DIRECT:
            return direct
        if self.kind == ARCHIVED:
            return DONE if archived == DONE and self.level >= least else FORBIDDEN
        return DONE if self.level >= least else FORBIDDEN

    def everywhere(self, least: Role) -> str:
        """What comes of an act that needs a role on the server."""
        return DONE if RANK[self.server] >= RANK[least] else FORBIDDEN


def anybody(_s: Situation) -> str:
    return DONE


def members_of_server(s: Situation) -> str:
    return s.everywhere(Role.MEMBER)


def moderators_of_server(s: Situation) -> str:
    return s.everywhere(Role.MODERATOR)


def reads(s: Situation) -> str:
    return DONE if s.level else s.outside


def writes(s: Situation) -> str:
    least = 2 if s.kind in {READ_ONLY, PRIVATE_READ_ONLY} else 1
    return s.inside(least, direct=DONE)


def sets_topic(s: Situation) -> str:
    if s.level and s.kind == DIRECT:
        return "bad_request"
    return writes(s)


def moderates(s: Situation) -> str:
    return s.inside(2)


def looks_after(s: Situation) -> str:
    return s.inside(2, archived=DONE)


def owns(s: Situation) -> str:
    return s.inside(3, archived=DONE)


def invites(s: Situation) -> str:
    found = s.inside(2)
    public = s.kind in {PUBLIC, READ_ONLY, ARCHIVED, DIRECT}
    return "bad_request" if s.level and public else found


def reads_own_audit(s: Situation) -> str:
    """The command gives all to those who may see all, and else what is of the room."""
    return DONE if RANK[s.server] >= RANK[Role.MODERATOR] else looks_after(s)


def enters(s: Situation) -> str:
    """Public rooms are open, private and direct ones closed to whoever is outside."""
    return DONE if s.level or s.outside == NOT_A_MEMBER else NO_SUCH_ROOM


def leaves(s: Situation) -> str:
    """The only owner of a private room, which the one who leaves is by then, has to stay."""
    if s.kind == DIRECT or not s.level:
        return NOT_A_MEMBER
    alone = s.there == OWNER and s.kind in {PRIVATE, PRIVATE_READ_ONLY}
    return FORBIDDEN if alone else DONE


def makes_private(s: Situation) -> str:
    return members_of_server(s)


def grants(s: Situation) -> str:
    return s.everywhere(Role.ADMIN)


Line = Callable[["Scene"], str]
Ask = Callable[["Scene"], requests.AnyRequest]
Rule = Callable[[Situation], str]


def run(line: str) -> Ask:
    """A command in the room; {t} is somebody who is in it, {m} something that was said there."""

    def ask(scene: "Scene") -> requests.AnyRequest:
        filled = line.format(t=scene.target, m=scene.message, r=scene.room)
        return requests.Command(room=scene.room, line=filled)

    return ask


def of_room(kind: Callable[..., requests.AnyRequest], /, **fields: Any) -> Ask:
    return lambda scene: kind(room=scene.room, **fields)


def of_target(kind: Callable[..., requests.AnyRequest], /, **fields: Any) -> Ask:
    return lambda scene: kind(room=scene.room, name=scene.target, **fields)


ACTS: list[tuple[Ask, Rule]] = [
    (lambda s: requests.Hello(), lambda s: "bad_request"),
    (of_room(requests.Join), enters),
    (lambda s: requests.Post(room=s.room, text="hi", nonce=s.nonce()), writes),
    (lambda s: requests.Whisper(to=["other"], text="hi", nonce=s.nonce()), anybody),
    (of_room(requests.Command, line="/help"), anybody),
    (of_room(requests.History), reads),
    (of_room(requests.History, after=0), reads),
    (of_room(requests.Search, text="hi"), reads),
    (of_room(requests.Members), lambda s: reads(s) if s.outside == NO_SUCH_ROOM else DONE),
    (lambda s: requests.Rooms(), anybody),
    (of_room(requests.Typing), writes),
    (of_room(requests.Read, seq=1), reads),
    (of_room(requests.Notify, level="none"), reads),
    (lambda s: requests.Push(endpoint="https://p/1", p256dh="k" * 16, auth="k" * 16), anybody),
    (lambda s: requests.Unpush(endpoint="https://p/1"), anybody),
    (lambda s: requests.TestPush(), anybody),
    (lambda s: requests.Delete(room=s.room, seq=s.message), moderates),
    (lambda s: requests.Delete(room=s.room, seq=s.own), lambda s: s.inside(1, direct=DONE)),
    (lambda s: requests.Sessions(), members_of_server),
    (lambda s: requests.Audit(), moderators_of_server),
    (of_room(requests.Audit), looks_after),
    (lambda s: requests.Bans(), moderators_of_server),
    (of_room(requests.Bans), looks_after),
    (lambda s: requests.Ping(), anybody),
    (of_target(requests.Mute, duration_s=300), moderates),
    (of_target(requests.Unmute), lambda s: NOBODY_IF[moderates(s)]),
    (lambda s: requests.Mute(name=s.target, duration_s=300), moderators_of_server),
    (lambda s: requests.Unmute(name=s.target), lambda s: NOBODY_IF[moderators_of_server(s)]),
    (of_target(requests.Kick), moderates),
    (lambda s: requests.Ban(name=s.target, duration_s=300), moderators_of_server),
    (lambda s: requests.Unban(name="nobody"), lambda s: NOBODY_IF[moderators_of_server(s)]),
    (lambda s: requests.SetRole(name="account", role=Role.MODERATOR), grants),
    (lambda s: requests.SetRole(name="account", role=Role.GUEST), lambda s: BAD_IF[grants(s)]),
    (of_room(requests.SetRole, name="account", role=Role.MODERATOR), owns),
    (lambda s: requests.MakeRoom(room=f"open-{s.target}"), anybody),
    (lambda s: requests.MakeRoom(room=f"shut-{s.target}", private=True), makes_private),
    (lambda s: requests.MakeRoom(room=f"told-{s.target}", read_only=True), members_of_server),
    (of_room(requests.Invite, name="fourth"), invites),
    (lambda s: requests.MakeInvitation(), moderators_of_server),
    (lambda s: requests.Invitations(), moderators_of_server),
    (
        lambda s: requests.RevokeInvitation(invitation="x"),
        lambda s: BAD_IF[moderators_of_server(s)],
    ),
    # --- commands
    (run("/nick {t}-x"), anybody),
    (run("/whisper other hi"), anybody),
    (run("/reply hi"), lambda s: "no_such_user" if s.kind != DIRECT or not s.level else DONE),
    (run("/me waves"), writes),
    (run("/join {r}"), lambda s: "no_such_room" if s.kind == DIRECT else enters(s)),
    (run("/join made-by-{t}"), anybody),
    (run("/rooms"), anybody),
    (run("/who"), lambda s: reads(s) if s.outside == NO_SUCH_ROOM else DONE),
    (run("/whois other"), anybody),
    (run("/topic"), reads),
    (run("/topic tea"), sets_topic),
    (run("/history"), reads),
    (run("/search hi"), reads),
    (run("/notices on"), anybody),
    (run("/away"), anybody),
    (run("/back"), anybody),
    (run("/ignore {t}"), anybody),
    (run("/ignore"), anybody),
    (run("/unignore other"), lambda s: "no_such_user"),
    (run("/room"), reads),
    (run("/room new made-{t}"), anybody),
    (run("/room new shut-{t} private"), makes_private),
    (run("/room new told-{t} read-only"), members_of_server),
    (run("/login ann a-few-good-words"), lambda s: BAD),
    (run("/password one-word-more other-words"), lambda s: WRONG[s.server is Role.GUEST]),
    (run("/sessions"), members_of_server),
    (run("/invite third"), invites),
    (run("/invite link"), moderators_of_server),
    (run("/invite list"), moderators_of_server),
    (run("/invite revoke x"), lambda s: BAD_IF[moderators_of_server(s)]),
    (run("/mute {t} 5m"), moderates),
    (run("/unmute {t}"), lambda s: NOBODY_IF[moderates(s)]),
    (run("/mute {t} everywhere 5m"), moderators_of_server),
    (run("/unmute {t} everywhere"), lambda s: NOBODY_IF[moderators_of_server(s)]),
    (run("/kick {t}"), moderates),
    (run("/ban {t} 5m"), moderators_of_server),
    (run("/unban {t}-nobody"), lambda s: NOBODY_IF[moderators_of_server(s)]),
    (run("/bans"), reads_own_audit),
    (run("/audit"), reads_own_audit),
    (run("/delete {m}"), moderates),
    (run("/role other"), anybody),
    (run("/role account moderator"), grants),
    (run("/role account moderator here"), owns),
    # --- what changes the room for those after it comes last
    (run("/room read-only"), lambda s: SAME_IF[owns(s)](s, {READ_ONLY, PRIVATE_READ_ONLY})),
    (run("/room archive"), lambda s: SAME_IF[owns(s)](s, {ARCHIVED})),
    (run("/room unarchive"), owns),
    (run("/room rename {t}-r"), owns),
    (lambda s: requests.ChangeRoom(room=s.room, name=f"{s.target}-c"), owns),
    (of_room(requests.ChangeRoom, kind=RoomKind.DIRECT), lambda s: BAD_IF.get(owns(s), owns(s))),
    (run("/leave"), leaves),
    (of_room(requests.Leave), lambda s: NOT_A_MEMBER if leaves(s) == DONE else leaves(s)),
    # A guest is a member after this.
    (run("/register a-few-good-words"), lambda s: DONE if s.server is Role.GUEST else BAD),
    (run("/logout"), anybody),
]
BAD = "bad_request"
WRONG = {True: FORBIDDEN, False: "bad_password"}
BAD_IF = {DONE: BAD, FORBIDDEN: FORBIDDEN}
NOBODY_IF = {
    DONE: "no_such_user",
    FORBIDDEN: FORBIDDEN,
    NOT_A_MEMBER: NOT_A_MEMBER,
    NO_SUCH_ROOM: NO_SUCH_ROOM,
}


def same(s: Situation, kinds: set[str]) -> str:
    return BAD if s.kind in kinds else DONE


SAME_IF: dict[str, Callable[[Situation, set[str]], str]] = {
    DONE: same,
    FORBIDDEN: lambda s, _: FORBIDDEN,
    NOT_A_MEMBER: lambda s, _: NOT_A_MEMBER,
    NO_SUCH_ROOM: lambda s, _: NO_SUCH_ROOM,
}


@dataclass
class Scene:
    """Somebody in a situation, with somebody to act on."""

    house: House
    situation: Situation
    actor: Client
    target: str = ""
    message: int = 0
    own: int = 0
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    kept: Room | None = None
    person: Client | None = None

    @property
    def room(self) -> str:
        """What it is called by now."""
        return NAMES[self.situation.kind] if self.kept is None else self.kept.name

    def nonce(self) -> str:
        return f"n{next(self.count)}"

    def live(self) -> Room | None:
        self.kept = self.kept or self.house.hub.parts.rooms.live(NAMES[self.situation.kind])
        return self.kept

    async def go_out(self) -> None:
        """Takes one who belongs outside out again."""
        room, session = self.live(), self.actor.session
        if self.situation.there == OUTSIDE and room is not None and room.name in session.rooms:
            await self.house.hub.parts.membership.leave_room(session, room.name)

    async def refresh(self) -> None:
        """Puts somebody new into the room, and two new messages, whatever the room is."""
        if self.person is not None and not self.person.session.closed:
            self.person.leave()
        self.target = f"t{next(self.count)}"
        room = self.live()
        target = self.person = await self.house.json(name=self.target, rooms={})
        if room is not None and self.situation.kind != DIRECT:
            assert target.session.user is not None
            if room.private:
                room.roles.apply(RoleChanged(target.session.user.id, Role.MEMBER))
            self.house.hub.parts.membership.enter(target.session, room)
            room.audience.add(target.session)
        user = self.actor.session.user
        assert user is not None
        for person in (OTHER, user.person):
            self.own = self.message = await self._said(person, self.own)
        self.message = self.own - 1

    async def _said(self, person: Person, last: int) -> int:
        room, to = self.live(), (THIRD,) if self.situation.kind == DIRECT else None
        message = AppendMessage(self.room, person, "hi", to=to)
        if room is None:
            self.house.storage.commit([message], self.house.clock.now_ms())
            return last + 1
        await self.house.hub.parts.committer.outcome(message, room)
        return room.last


def people(situation: Situation) -> list[Any]:
    """Those who are in the log before: the one who acts, and those who are acted on."""
    found: list[Any] = []
    guests = [(person, Role.GUEST) for person in (OTHER, THIRD, FOURTH)]
    for person, role in (*guests, (ACCOUNT, Role.MEMBER)):
        kind = UserKind.GUEST if role is Role.GUEST else UserKind.MEMBER
        found.append(SaveUser(UserRecord(person.id, person.name, person.name, kind, role)))
        found.append(SaveSession(hashed(person.id), person.id, FAR_MS))
    kind = UserKind.GUEST if situation.server is Role.GUEST else UserKind.MEMBER
    found.append(SaveUser(UserRecord("actor", "actor", "actor", kind, situation.server)))
    found.append(SaveSession(hashed("actor"), "actor", FAR_MS))
    return found


ACCOUNT = Person("account", "account")


def rooms(situation: Situation) -> list[Any]:
    """The room, with whoever is in it."""
    name, kind = NAMES[situation.kind], situation.kind
    if kind == DIRECT:
        actor = Person("actor", "actor")
        to = (OTHER, actor) if situation.there != OUTSIDE else (OTHER,)
        return [AppendMessage(name, THIRD, "hi", to=to)]
    private = kind in {PRIVATE, PRIVATE_READ_ONLY}
    change = settled(
        name,
        OTHER,
        RoomKind.PRIVATE if private else RoomKind.PUBLIC,
        kind in {READ_ONLY, PRIVATE_READ_ONLY},
        kind == ARCHIVED,
    )
    found: list[Any] = [
        change,
        SaveMember(name, OTHER.id),
        SaveMember(name, ACCOUNT.id, Role.OWNER),
    ]
    if situation.there != OUTSIDE:
        found.append(SaveMember(name, "actor", STANDINGS[situation.there]))
    return found


def situations() -> list[Situation]:
    found = []
    for server, there, kind in itertools.product(Role, (OUTSIDE, *STANDINGS), NAMES):
        if kind == DIRECT and there in {MODERATOR, OWNER}:
            continue
        if server is Role.GUEST and there in {MODERATOR, OWNER}:
            continue
        found.append(Situation(server, there, kind))
    return found


@pytest.mark.long
@pytest.mark.usefixtures("cheap_passwords")
@pytest.mark.parametrize("server", list(Role))
@pytest.mark.parametrize("kind", NAMES)
async def test_every_act_is_done_or_refused_as_the_table_says(server: Role, kind: str) -> None:
    wrong = []
    for situation in situations():
        if (situation.server, situation.kind) != (server, kind):
            continue
        async with running(House(Limits())) as house:
            house.without_threads()
            house.storage.commit(people(situation) + rooms(situation), house.clock.now_ms())
            place = {NAMES[kind]: None} if situation.there != OUTSIDE else {}
            actor = await house.json(token="actor", rooms={"lobby": None} | place)
            actor.objects()
            scene = Scene(house, situation, actor)
            for ask, rule in ACTS:
                if scene.live() is not None or kind != DIRECT:
                    await scene.refresh()
                actor.objects()
                request = ask(scene)
                found = await outcome(scene, request)
                if found != rule(situation):
                    wrong.append((situation, request, f"{found} and not {rule(situation)}"))
                if actor.session.closed:
                    break
                await scene.go_out()
    assert wrong == []


async def outcome(scene: Scene, request: requests.AnyRequest) -> str:
    """`ok`, or the code of the refusal."""
    await scene.actor.send(structs.replace(request, id="asked"))
    # A test of notices is answered when it is done.
    await scene.house.hub.told()
    (reply,) = [frame for frame in scene.actor.objects() if frame.get("id") == "asked"]
    return str(reply["type"] if reply["type"] == "ok" else reply["code"])


def test_every_request_and_every_command_is_in_the_table_of_acts() -> None:
    scene = Scene(None, Situation(Role.OWNER, OWNER, PUBLIC), None)  # type: ignore[arg-type]
    asked = [ask(scene) for ask, _ in ACTS]
    assert {type(request) for request in asked} == set(get_args(requests.AnyRequest))
    lines = [request.line for request in asked if isinstance(request, requests.Command)]
    names = {line.split()[0].removeprefix("/") for line in lines}
    assert names == set(commands.COMMANDS) - {"quit"}, "whoever quits asks for nothing more"


def test_the_docs_show_every_right() -> None:
    shown = reference()
    assert all(f"`{right.value}`" in shown for right in Right)
    assert set(TABLE) == set(Right)
    assert "| list and end one's own sessions | `sessions` |  | yes | yes | yes | yes |" in shown
    assert (
        "| show somebody out of a room | `kick` |  |  | yes | yes | yes |  | yes | yes |" in shown
    )
