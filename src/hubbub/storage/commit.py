"""What a batch of changes comes to, and the few statements that write it.

Changes are taken in their order against the state of the rooms that they name; what they leave
behind is gathered a table at a time, so that ten thousand guests who arrive at once cost a
handful of statements.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from msgspec import structs
from sqlalchemy.exc import IntegrityError

from hubbub.model import NotifyLevel, Role, RoomKind, format_instant
from hubbub.protocol.events import Deleted, LogEvent, Message, Person, Settings, Topic
from hubbub.storage import queries
from hubbub.storage.changes import (
    AppendAudit,
    Appended,
    AppendMessage,
    AppendTopic,
    Change,
    ChangeRoom,
    DeleteMessage,
    Done,
    Duplicate,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    MoveRead,
    NameUsed,
    NonceUsed,
    Outcome,
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
from hubbub.storage.driver import Driver
from hubbub.storage.moderation import Moderation
from hubbub.storage.people import People
from hubbub.storage.rows import event_row, json_list, log_event, room_record

Nonce = tuple[str, str]
"""A sender's id and the nonce of one of its messages."""


def commit(driver: Driver, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
    """Makes all changes in one transaction, or none; see Storage.commit.

    Hardly any nonce was used before, and the index tells when one was: a batch is written without
    asking for its nonces first, and again with what they stand for where that fails.
    """
    try:
        with driver.transaction():
            return _write(driver, changes, now_ms, {})
    except IntegrityError:
        with driver.transaction():
            return _write(driver, changes, now_ms, _stored(driver, changes))


def _stored(driver: Driver, changes: Iterable[Change]) -> dict[Nonce, Message]:
    """The messages that stand in the log under nonces of these changes."""
    pairs = list(
        {
            (change.sender.id, change.nonce): None
            for change in changes
            if isinstance(change, AppendMessage) and change.nonce
        }
    )
    found: dict[Nonce, Message] = {}
    rows = driver.read(queries.NONCES, {"pairs": json_list(pairs)})
    for nonce, room, *entry in rows:
        message = log_event(room, entry)
        assert isinstance(message, Message), "only messages have a nonce"
        found[message.sender.id, nonce] = message
    return found


def _write(
    driver: Driver, changes: Sequence[Change], now_ms: int, said: dict[Nonce, Message]
) -> list[Outcome]:
    batch = _Batch(_rooms(driver, changes), said, now_ms)
    outcomes = [batch.take(change) for change in changes]
    batch.write(driver)
    return outcomes


@dataclass(slots=True)
class _Room:
    """A room as the batch has left it so far; `id` is 0 until it is made."""

    name: str
    kind: RoomKind
    id: int = 0
    topic: str = ""
    last: int = 0
    read_only: bool = False
    archived: bool = False
    name_written: str = ""
    last_written: int = 0
    topic_written: str = ""
    changed: bool = False


@dataclass(slots=True)
class _Membership:
    """What becomes of one membership: deleted, then made, then its marker moved."""

    delete: bool = False
    insert: int | None = None
    move: int = 0
    notify: NotifyLevel | None = None
    role: Role | None = None


def _rooms(driver: Driver, changes: Iterable[Change]) -> dict[str, _Room]:
    names = {
        change.room
        for change in changes
        if not isinstance(
            change,
            SaveUser
            | RenameUser
            | SaveAccount
            | SaveSession
            | RenewSession
            | EndSession
            | EndSessions
            | SavePassword
            | SaveInvitation
            | SaveSubscription
            | EndSubscription
            | SaveSanction
            | EndSanction
            | AppendAudit
            | SaveIgnored,
        )
    }
    names |= {change.name for change in changes if isinstance(change, ChangeRoom) and change.name}
    if not names:
        return {}
    rows = driver.read(queries.ROOMS, {"names": json_list(list(names))})
    found = {}
    for id_, *columns in rows:
        room = room_record(columns)
        last, topic = room.last, room.topic
        now = topic, last, room.read_only, room.archived
        found[room.name] = _Room(room.name, room.kind, id_, *now, room.name, last, topic)
    return found


@dataclass(slots=True)
class _Batch:
    """The changes of one commit."""

    rooms: dict[str, _Room]
    said: dict[Nonce, Message]
    now_ms: int
    at: str = field(init=False)
    entries: list[tuple[_Room, LogEvent, str]] = field(default_factory=list)
    people: People = field(default_factory=People)
    members: dict[tuple[str, str], _Membership] = field(default_factory=dict)
    wiped: list[tuple[_Room, int]] = field(default_factory=list)
    renamed: dict[str, _Room] = field(default_factory=dict)
    """By the former name, which the changes that come after a renaming may still have."""
    moderation: Moderation = field(default_factory=Moderation)

    def __post_init__(self) -> None:
        self.at = format_instant(self.now_ms)

    def take(self, change: Change) -> Outcome:
        """Works out what a change comes to after those before it."""
        match change:
            case AppendMessage():
                return self._message(change)
            case AppendTopic(name, sender, text):
                room = self._room(name)
                room.last += 1
                room.topic = text
                topic = Topic(room=room.name, seq=room.last, at=self.at, sender=sender, text=text)
                self.entries.append((room, topic, ""))
                return Appended(topic)
            case DeleteMessage():
                return self._delete_message(change)
            case ChangeRoom():
                return self._change_room(change)
            case SaveMember(name, user_id, role):
                self._join(self._room(name), user_id, role)
            case RemoveMember(name, user_id):
                if (found := self._known(name)) is not None:
                    self.members[found.name, user_id] = _Membership(delete=True)
            case SaveNotify(name, user_id, level):
                if (found := self._known(name)) is not None:
                    self._membership(found.name, user_id).notify = level
            case MoveRead(name, user_id, seq):
                if (found := self._known(name)) is not None:
                    membership = self._membership(found.name, user_id)
                    membership.move = max(membership.move, min(seq, found.last))
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
                | SaveSubscription()
                | EndSubscription()
            ):
                self.people.take(change, self.now_ms)
            case SaveSanction() | EndSanction() | AppendAudit() | SaveIgnored():
                self.moderation.take(change, self.now_ms)
            case _:
                assert_never(change)
        return Done()

    def _message(self, change: AppendMessage) -> Outcome:
        name, sender, to, nonce = change.room, change.sender, change.to, change.nonce
        if nonce:
            earlier = self.said.get((sender.id, nonce))
            if earlier is not None:
                if name in self.renamed:
                    change = structs.replace(change, room=self.renamed[name].name)
                if _same(earlier, change):
                    return Duplicate(earlier.room, earlier.seq, earlier.at)
                return NonceUsed()
        room = self._known(name)
        if room is None:
            room = self._room(name, RoomKind.PUBLIC if to is None else RoomKind.DIRECT)
            for person in () if to is None else (*to, sender):
                self._join(room, person.id)
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
        return Appended(message)

    def _delete_message(self, change: DeleteMessage) -> Outcome:
        room = self._room(change.room)
        room.last += 1
        if change.target < room.last:
            self.wiped.append((room, change.target))
        for key, said in self.said.items():
            if (said.room, said.seq) == (room.name, change.target):
                self.said[key] = structs.replace(said, deleted=True)
        deleted = Deleted(
            room=room.name,
            seq=room.last,
            at=self.at,
            sender=change.sender,
            target=change.target,
        )
        self.entries.append((room, deleted, ""))
        return Appended(deleted)

    def _change_room(self, change: ChangeRoom) -> Outcome:
        known = self._known(change.room)
        if change.name in self.rooms and self.rooms[change.name] is not known:
            return NameUsed()
        room = known or self._room(change.room)
        name = change.name or room.name
        was = None if name == room.name else room.name
        if was is not None:
            del self.rooms[was]
            self.rooms[name], room.name = room, name
            # The last name that it left comes last.
            self.renamed.pop(was, None)
            self.renamed.pop(name, None)
            self.renamed[was] = room
            of_room = [key for key in self.members if key[0] == was]
            for key in of_room:
                self.members[name, key[1]] = self.members.pop(key)
            self.moderation.rename(was, name)
            for nonce, said in self.said.items():
                if said.room == was:
                    self.said[nonce] = structs.replace(said, room=name)
        room.kind, room.read_only, room.archived = change.kind, change.read_only, change.archived
        room.changed = True
        room.last += 1
        settings = Settings(
            room=name,
            seq=room.last,
            at=self.at,
            sender=change.sender,
            kind=room.kind,
            read_only=room.read_only,
            archived=room.archived,
            was=was,
        )
        self.entries.append((room, settings, ""))
        return Appended(settings)

    def _known(self, name: str) -> _Room | None:
        return self.rooms.get(name) or self.renamed.get(name)

    def _room(self, name: str, kind: RoomKind = RoomKind.PUBLIC) -> _Room:
        room = self._known(name)
        if room is None:
            room = self.rooms[name] = _Room(name, kind)
        return room

    def _join(self, room: _Room, user_id: str, role: Role | None = None) -> None:
        membership = self._membership(room.name, user_id)
        if membership.insert is None:
            membership.insert = room.last
        if role is not None:
            membership.role = role

    def _membership(self, name: str, user_id: str) -> _Membership:
        return self.members.setdefault((name, user_id), _Membership())

    def write(self, driver: Driver) -> None:
        """Executes what the changes came to."""
        self.people.write(driver, self.now_ms)
        self._write_rooms(driver)
        if self.entries:
            rows = [
                event_row(room.id, event, self.now_ms, nonce) for room, event, nonce in self.entries
            ]
            driver.insert(queries.INSERT_EVENTS, rows)
        if self.wiped:
            wiped = [{"of_room": room.id, "target": target} for room, target in self.wiped]
            driver.write(queries.WIPE_MESSAGES, wiped)
        self._write_members(driver)
        self.moderation.write(driver)

    def _write_rooms(self, driver: Driver) -> None:
        made = [room for room in self.rooms.values() if not room.id]
        # A name that is free at the end may be another room's until then.
        moving = [
            room for room in self.rooms.values() if room.id and room.name != room.name_written
        ]
        if moving:
            between = [_room_row(room, f"*{room.id}") for room in moving]
            driver.write(queries.SET_ROOM, between)
        if made:
            self._make_rooms(driver, made)
        moved = [
            {"of": room.id, "last_seq": room.last}
            for room in self.rooms.values()
            if room.last != room.last_written
        ]
        if moved:
            driver.write(queries.MOVE_LAST, moved)
        retitled = [
            {"of": room.id, "topic": room.topic}
            for room in self.rooms.values()
            if room.topic != room.topic_written
        ]
        if retitled:
            driver.write(queries.SET_TOPIC, retitled)
        changed = [room for room in self.rooms.values() if room.changed]
        if changed:
            self._change_rooms(driver, changed)

    def _change_rooms(self, driver: Driver, changed: Sequence[_Room]) -> None:
        driver.write(queries.SET_ROOM, [_room_row(room, room.name) for room in changed])
        last = {room.id: name for name, room in self.renamed.items()}
        former = [{"name": name, "room_id": room_id} for room_id, name in last.items()]
        if former:
            # A room leaves one name behind: more would be a way to keep names from others.
            of_rooms = [{"of_room": room.id} for room in self.renamed.values()]
            driver.write(queries.DELETE_FORMER_NAMES_OF, of_rooms)
            driver.write(queries.SAVE_FORMER_NAMES, former)
            driver.write(queries.DELETE_FORMER_NAMES, [{"of": name} for name in self.rooms])

    def _make_rooms(self, driver: Driver, made: Sequence[_Room]) -> None:
        driver.write(
            queries.INSERT_ROOMS,
            [
                {
                    "name": room.name,
                    "kind": room.kind.value,
                    "topic": room.topic,
                    "first_seq": 1,
                    "last_seq": room.last,
                    "read_only": int(room.read_only),
                    "archived": int(room.archived),
                }
                for room in made
            ],
        )
        driver.write(queries.DELETE_FORMER_NAMES, [{"of": room.name} for room in made])
        names = json_list([room.name for room in made])
        for id_, name, *_ in driver.read(queries.ROOMS, {"names": names}):
            room = self.rooms[name]
            room.id, room.last_written, room.topic_written = id_, room.last, room.topic

    def _write_members(self, driver: Driver) -> None:
        deleted, inserted, moved, notified, promoted = [], [], [], [], []
        for (name, user_id), membership in self.members.items():
            room_id = self.rooms[name].id
            if membership.delete:
                deleted.append({"of_room": room_id, "of_user": user_id})
            if membership.insert is not None:
                read = membership.insert
                inserted.append({"room_id": room_id, "user_id": user_id, "read_seq": read})
            if membership.role is not None:
                role = membership.role.value
                promoted.append({"of_room": room_id, "of_user": user_id, "to_role": role})
            if membership.move:
                seq = membership.move
                moved.append({"of_room": room_id, "of_user": user_id, "seq": seq})
            if membership.notify is not None:
                level = membership.notify.value
                notified.append({"of_room": room_id, "of_user": user_id, "level": level})
        if deleted:
            driver.write(queries.DELETE_MEMBERS, deleted)
        if inserted:
            driver.write(queries.INSERT_MEMBERS, inserted)
        if promoted:
            driver.write(queries.SET_ROLE, promoted)
        if moved:
            driver.write(queries.MOVE_READ, moved)
        if notified:
            driver.write(queries.SET_NOTIFY, notified)


def _room_row(room: _Room, name: str) -> dict[str, Any]:
    return {
        "of": room.id,
        "to_name": name,
        "to_kind": room.kind.value,
        "to_read_only": int(room.read_only),
        "to_archived": int(room.archived),
    }


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
