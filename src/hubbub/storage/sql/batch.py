"""What a batch of changes comes to, and the few statements that write it.

Changes are taken in their order against the state of the rooms that they name; what they leave
behind is gathered a table at a time, so that ten thousand guests who arrive at once cost a
handful of statements.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from msgspec import structs

from hubbub.model import Role, RoomKind, format_instant
from hubbub.protocol.events import Act, Deleted, LogEvent, Message, Person, Settings, Topic
from hubbub.storage.changes import (
    Append,
    AppendAudit,
    Appended,
    AppendMessage,
    Arrive,
    Change,
    Depart,
    Done,
    Duplicate,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    EnterRoom,
    ExitRoom,
    Gone,
    HoldName,
    Made,
    MakeRoom,
    MoveRead,
    NameUsed,
    NonceUsed,
    Outcome,
    ReleaseName,
    RemoveMember,
    RenameUser,
    RenewSession,
    SaveAccount,
    SaveIgnored,
    SaveInvitation,
    SaveMember,
    SaveNotify,
    SavePassword,
    SaveSanction,
    SaveSession,
    SaveSubscription,
    SaveUser,
)
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.entries import event_row
from hubbub.storage.sql.log import INSERT_EVENTS, WIPE_MESSAGES
from hubbub.storage.sql.members import BatchMembers
from hubbub.storage.sql.moderation import BatchModeration
from hubbub.storage.sql.people import BatchPeople
from hubbub.storage.sql.presence import BatchPresence
from hubbub.storage.sql.push import BatchPush
from hubbub.storage.sql.rooms import BatchRoom, BatchRooms

Nonce = tuple[str, str]
"""A sender's id and the nonce of one of its messages."""


@dataclass(slots=True)
class Batch:
    """The changes of one commit."""

    rooms: BatchRooms
    said: dict[Nonce, Message]
    now_ms: int
    nodes: BatchPresence
    members: BatchMembers
    at: str = field(init=False)
    entries: list[tuple[BatchRoom, LogEvent, str]] = field(default_factory=list)
    people: BatchPeople = field(default_factory=BatchPeople)
    push: BatchPush = field(default_factory=BatchPush)
    makes: list[BatchRoom] = field(default_factory=list)
    """For each change that makes a room, the one that came of it."""
    wiped: list[tuple[BatchRoom, int]] = field(default_factory=list)
    moderation: BatchModeration = field(default_factory=BatchModeration)

    def __post_init__(self) -> None:
        self.at = format_instant(self.now_ms)
        self.moderation.names |= {former: room.name for former, room in self.rooms.renamed.items()}

    def take(self, place: int, change: Change) -> Outcome:
        """Works out what a change, with its place among all, comes to after those before it."""
        match change:
            case AppendMessage():
                return self._message(change)
            case Append():
                return self._act(change)
            case MakeRoom():
                return self._make_room(change)
            case SaveMember(name, user_id, role):
                return self.members.join(self.rooms.named(name), user_id, role)
            case RemoveMember(name, user_id):
                if (found := self.rooms.known(name)) is not None:
                    return self.members.leave(found, user_id)
            case SaveNotify(name, user_id, level):
                if (found := self.rooms.known(name)) is not None:
                    self.members.notify(found, user_id, level)
            case MoveRead(name, user_id, seq):
                if (found := self.rooms.known(name)) is not None:
                    self.members.read(found, user_id, seq)
            case (
                SaveUser()
                | RenameUser()
                | SaveAccount()
                | SaveSession()
                | RenewSession()
                | EndSession()
                | EndSessions()
                | SavePassword()
                | SaveInvitation()
            ):
                self.people.take(change, self.now_ms)
            case SaveSubscription() | EndSubscription():
                self.push.take(change)
            case SaveSanction() | EndSanction() | AppendAudit() | SaveIgnored():
                self.moderation.take(change, self.now_ms)
            case EnterRoom(name) | ExitRoom(name):
                known = self.rooms.known(name)
                self.nodes.take(place, replace(change, room=known.name if known else name))
            case HoldName() | ReleaseName() | Arrive() | Depart():
                self.nodes.take(place, change)
            case _:
                assert_never(change)
        return Done()

    def _message(self, change: AppendMessage) -> Outcome:
        name, sender, to, nonce = change.room, change.sender, change.to, change.nonce
        if nonce:
            earlier = self.said.get((sender.id, nonce))
            if earlier is not None:
                if name in self.rooms.renamed:
                    change = structs.replace(change, room=self.rooms.renamed[name].name)
                if _same(earlier, change):
                    return Duplicate(earlier.room, earlier.seq, earlier.at)
                return NonceUsed()
        room = self.rooms.known(name)
        if _is_gone(room, change.room_id):
            return Gone()
        if room is None:
            room = self.rooms.named(name, RoomKind.PUBLIC if to is None else RoomKind.DIRECT)
            for person in () if to is None else (*to, sender):
                self.members.join(room, person.id)
        room.last += 1
        message = Message(
            room=room.name,
            seq=room.last,
            at=self.at,
            sender=sender,
            text=change.text,
            me=change.me,
            to=to,
        )
        self.entries.append((room, message, nonce))
        if nonce:
            self.said[sender.id, nonce] = message
        return Appended(message, room.id)

    def _make_room(self, change: MakeRoom) -> Outcome:
        name = change.room
        room = self.rooms.found.get(name)
        new = room is None
        if room is None:
            self.moderation.names.pop(name, None)
            room = self.rooms.make(name)
            if change.owner_id is not None:
                self.members.join(room, change.owner_id, Role.OWNER)
        self.makes.append(room)
        return Made(new, room.id)

    def _act(self, change: Append) -> Outcome:
        known, entry = self.rooms.known(change.room), change.entry
        if _is_gone(known, change.room_id):
            return Gone()
        named = self.rooms.found.get(entry.room)
        if entry.room != change.room and named is not None and named is not known:
            return NameUsed()
        room = known or self.rooms.named(change.room)
        room.last += 1
        entry = structs.replace(self._carried_out(room, entry), seq=room.last, at=self.at)
        self.entries.append((room, entry, ""))
        return Appended(entry, room.id)

    def _carried_out(self, room: BatchRoom, entry: Act) -> Act:
        """The entry as its room has it, after all that it does besides standing in the log."""
        match entry:
            case Topic(text=text):
                room.topic = text
            case Deleted(target=target):
                self._wipe(room, target)
            case Settings():
                return self._settle(room, entry)
            case _:
                assert_never(entry)
        return structs.replace(entry, room=room.name)

    def _wipe(self, room: BatchRoom, target: int) -> None:
        if target < room.last:
            self.wiped.append((room, target))
        for key, said in self.said.items():
            if (said.room, said.seq) == (room.name, target):
                self.said[key] = structs.replace(said, deleted=True)

    def _settle(self, room: BatchRoom, settings: Settings) -> Settings:
        name = settings.room
        was = None if name == room.name else room.name
        if was is not None:
            self.rooms.rename(room, name)
            self.members.rename(was, name)
            self.moderation.rename(was, name)
            self.nodes.rename(was, name)
            for nonce, said in self.said.items():
                if said.room == was:
                    self.said[nonce] = structs.replace(said, room=name)
        room.kind = RoomKind(settings.kind)
        room.read_only, room.archived = settings.read_only, settings.archived
        room.changed = True
        return structs.replace(settings, room=name, was=was)

    def identified(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes with the ids of rooms, also of those that this batch has made."""
        entries, makes = iter(self.entries), iter(self.makes)
        for outcome in outcomes:
            match outcome:
                case Appended(event):
                    yield Appended(event, next(entries)[0].id)
                case Made(new):
                    yield Made(new, next(makes).id)
                case _:
                    yield outcome

    def write(self, driver: Driver) -> list[int]:
        """Executes what the changes came to; the places of those whose names others hold."""
        self.people.write(driver, self.now_ms)
        self.push.write(driver, self.now_ms)
        self.rooms.write(driver)
        if self.entries:
            rows = [
                event_row(room.id, event, self.now_ms, nonce) for room, event, nonce in self.entries
            ]
            driver.write_each(INSERT_EVENTS, rows)
        if self.wiped:
            wiped = [{"of_room": room.id, "target": target} for room, target in self.wiped]
            driver.write(WIPE_MESSAGES, wiped)
        self.members.write(driver, self.rooms.found)
        self.moderation.write(driver)
        return self.nodes.write(driver, self.now_ms)


def _is_gone(room: BatchRoom | None, room_id: int) -> bool:
    return room_id != 0 and (room is None or room.id != room_id)


def _same(message: Message, change: AppendMessage) -> bool:
    if message.room != change.room:
        return False
    # Of one that was deleted it is enough that it was there.
    return message.deleted or (
        message.text == change.text
        and message.me == change.me
        and _ids(message.to) == _ids(change.to)
    )


def _ids(people: Sequence[Person] | None) -> frozenset[str] | None:
    return None if people is None else frozenset(person.id for person in people)
