"""A Storage in memory, for tests of the hub; the contract tests run on it too."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, assert_never

from msgspec import structs

from hubbub.errors import OutOfTime, StorageError
from hubbub.model import NotifyLevel, Role, RoomKind, UserKind, format_instant, parse_instant
from hubbub.protocol.events import Deleted, LogEvent, Message, Person, Settings, Topic
from hubbub.storage.changes import (
    Append,
    AppendAudit,
    Appended,
    AppendMessage,
    Change,
    Done,
    Duplicate,
    EndSanction,
    EndSession,
    EndSessions,
    EndSubscription,
    Gone,
    Made,
    MakeRoom,
    MoveRead,
    NameUsed,
    NonceUsed,
    Outcome,
    RemoveMember,
    RenameUser,
    RenewSession,
    RoleChanged,
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
from hubbub.storage.interface import SEARCHED, SUBSCRIPTIONS, Budget
from hubbub.storage.records import (
    ADDRESS,
    Account,
    AuditRecord,
    Invitation,
    LogPage,
    Membership,
    RoomRecord,
    Sanction,
    SanctionKey,
    SearchPage,
    SessionRecord,
    Subscriber,
    Subscription,
    UserRecord,
)


class MemoryStorage:
    """Keeps everything in dicts. `failing` makes every commit fail, `cannot` those of a change that
    it names, as no storage means to; `go` holds commits back, `search_go` searches.
    """

    def __init__(self) -> None:
        self.epoch = "epoch-of-memory"
        self.logs: dict[str, list[LogEvent]] = {}
        self.room_records: dict[str, RoomRecord] = {}
        self._ids = count(1)
        self.users: dict[str, UserRecord] = {}
        self.sessions: dict[bytes, tuple[str, SessionRecord]] = {}
        self.passwords: dict[str, str] = {}
        self.invitations: dict[bytes, Invitation] = {}
        self.read_seqs: dict[tuple[str, str], int] = {}
        self.roles: dict[tuple[str, str], Role] = {}
        self.former: dict[str, str] = {}
        self.held: dict[SanctionKey, Sanction] = {}
        self.acts: list[AuditRecord] = []
        self.ignores: set[tuple[str, str]] = set()
        self.elsewhere = False
        self.notify: dict[tuple[str, str], NotifyLevel] = {}
        self.endpoints: dict[str, Subscription] = {}
        self._over: set[bytes] = set()
        self.secrets: dict[str, str] = {}
        self.nonces: dict[tuple[str, str], Message] = {}
        self.commits: list[int] = []
        self.failing: str | None = None
        self.cannot: Callable[[Change], bool] = lambda change: False
        self.unreadable = False
        self.go = threading.Event()
        self.go.set()
        self.searched: list[int] = []
        """Of each part of a search, how many entries it was to look at."""
        self.search_begun = threading.Event()
        self.search_go = threading.Event()
        self.search_go.set()
        self.search_parts: int | None = None
        """How many parts of searches are answered; those after them stand still."""

        self.log = MemoryLog(self)
        self.rooms = MemoryRooms(self)
        self.members = MemoryMembers(self)
        self.people = MemoryPeople(self)
        self.order = MemoryOrder(self)
        self.push = MemoryPush(self)
        self.care = MemoryCare(self)

    def commit(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        self.go.wait(10)
        if self.failing is not None:
            raise StorageError(self.failing)
        if any(map(self.cannot, changes)):
            "\udc9b".encode()
        self.commits.append(len(changes))
        # What comes after a renaming in one call may still have the former name.
        # also where another process renamed the room a moment ago.
        former = self.former.items()
        self._moved = {
            f: to for f, to in former if self.room_records[to].kind is not RoomKind.PRIVATE
        }
        at = format_instant(now_ms)
        outcomes = [self._apply(self._renamed(change), at) for change in changes]
        kept = {e: s for e, s in self.endpoints.items() if s.token_hash not in self._over}
        self.endpoints, self._over = kept, set()
        return outcomes

    def _renamed(self, change: Change) -> Change:
        match change:
            case SaveSanction(sanction) if sanction.room in self._moved:
                return SaveSanction(replace(sanction, room=self._moved[sanction.room]))
            case EndSanction((kind, room, against, subject)) if room in self._moved:
                return EndSanction((kind, self._moved[room], against, subject))
        if isinstance(change, MakeRoom):
            return change
        name = getattr(change, "room", None)
        if name not in self._moved or (
            name in self.room_records and not isinstance(change, AppendAudit)
        ):
            return change
        if isinstance(change, AppendMessage):
            return structs.replace(change, room=self._moved[name])
        if isinstance(change, Append):
            return change.in_room(self._moved[name])
        return replace(change, room=self._moved[name])  # type: ignore[type-var, arg-type, no-any-return]

    def _apply(self, change: Change, at: str) -> Outcome:
        match change:
            case AppendMessage():
                return self._message(change, at)
            case Append():
                return self._act(change, at)
            case MakeRoom(room, owner_id):
                made = Made(room not in self.room_records, self._room(room).id)
                self._moved.pop(room, None)
                if made.new and owner_id is not None:
                    self.read_seqs[room, owner_id] = 0
                    self.roles[room, owner_id] = Role.OWNER
                return made
            case SaveSanction(sanction):
                self.held[sanction.key] = sanction
            case EndSanction(key):
                self.held.pop(key, None)
            case AppendAudit(act, by, whom, room, reason, by_id, whom_id):
                what = (act, by, whom, room, reason, by_id, whom_id)
                record = AuditRecord(len(self.acts) + 1, parse_instant(at), *what)
                self.acts.append(record)
            case SaveIgnored(user_id, ignored_id, ignored):
                self.ignores.discard((user_id, ignored_id))
                self.ignores |= {(user_id, ignored_id)} if ignored else set()
            case SaveUser(user):
                self.users.setdefault(user.id, user)
            case RenameUser(user_id, name, key):
                if user_id in self.users:
                    self.users[user_id] = replace(self.users[user_id], name=name, key=key)
            case SaveAccount(user_id, kind, role):
                if user_id in self.users:
                    self.users[user_id] = replace(self.users[user_id], kind=kind, role=role)
            case SaveSession(token_hash, user_id, expires_ms, device, succeeds):
                for each in [s for s in self.endpoints.values() if s.token_hash == succeeds]:
                    self.endpoints[each.endpoint] = replace(each, token_hash=token_hash)
                now_ms = parse_instant(at)
                record = SessionRecord(token_hash, device, now_ms, now_ms, expires_ms)
                self.sessions[token_hash] = (user_id, record)
            case RenewSession(token_hash, expires_ms):
                self.care.renew_sessions({token_hash: expires_ms}, parse_instant(at))
            case EndSession(token_hash):
                self.sessions.pop(token_hash, None)
                self._over.add(token_hash)
            case EndSessions(user_id, but):
                kept = {h: s for h, s in self.sessions.items() if s[0] != user_id or h == but}
                self._over |= self.sessions.keys() - kept.keys()
                self.sessions = kept
            case SavePassword(user_id, password_hash):
                self.passwords[user_id] = password_hash
            case SaveInvitation(invitation):
                self.invitations[invitation.code_hash] = invitation
            case SaveMember(room, user_id, role):
                self._room(room)
                self.read_seqs.setdefault((room, user_id), self.room_records[room].last)
                if role is not None:
                    self.roles[room, user_id] = role
                if role is not None or self.room_records[room].kind is RoomKind.PRIVATE:
                    there = self.members.of_room(room).get(user_id)
                    return RoleChanged(user_id, there, self.room_records[room].id)
            case RemoveMember(room, user_id):
                counted = room in self.room_records and user_id in self.members.of_room(room)
                self.read_seqs.pop((room, user_id), None)
                self.roles.pop((room, user_id), None)
                self.notify.pop((room, user_id), None)
                if counted:
                    return RoleChanged(user_id, None, self.room_records[room].id)
            case SaveNotify(room, user_id, level):
                if (room, user_id) in self.read_seqs:
                    self.notify[room, user_id] = level
            case SaveSubscription(subscription):
                self.endpoints.pop(subscription.endpoint, None)
                self.endpoints[subscription.endpoint] = subscription
                for old in self.push.subscriptions(subscription.user_id)[SUBSCRIPTIONS:]:
                    del self.endpoints[old.endpoint]
            case EndSubscription(endpoint, user_id):
                if endpoint in self.endpoints and self.endpoints[endpoint].user_id == user_id:
                    del self.endpoints[endpoint]
            case MoveRead(room, user_id, seq):
                if (room, user_id) in self.read_seqs:
                    there = self.read_seqs[room, user_id]
                    self.read_seqs[room, user_id] = max(
                        there, min(seq, self.room_records[room].last)
                    )
        return Done()

    def _is_gone(self, name: str, room_id: int) -> bool:
        return room_id != 0 and (
            name not in self.room_records or self.room_records[name].id != room_id
        )

    def _message(self, change: AppendMessage, at: str) -> Outcome:
        key = (change.sender.id, change.nonce)
        old = self.nonces.get(key) if change.nonce else None
        if old is not None:
            place = next(e for e in self.logs[old.room] if e.seq == old.seq)
            if isinstance(place, Message) and place.deleted and old.room == change.room:
                return Duplicate(old.room, old.seq, old.at)
            same = (old.room, old.text, old.me) == (change.room, change.text, change.me)
            if not same or _ids(old.to) != _ids(change.to):
                return NonceUsed()
            return Duplicate(old.room, old.seq, old.at)
        if self._is_gone(change.room, change.room_id):
            return Gone()
        direct = change.to is not None
        made = change.room not in self.room_records
        seq = self._next(change.room, RoomKind.DIRECT if direct else RoomKind.PUBLIC)
        if direct and made:
            for person in (*(change.to or ()), change.sender):
                self.read_seqs[change.room, person.id] = 0
        message = Message(
            room=change.room,
            seq=seq,
            at=at,
            sender=change.sender,
            text=change.text,
            me=change.me,
            to=change.to,
        )
        self._put(message)
        if change.nonce:
            self.nonces[key] = message
        return Appended(message, self.room_records[message.room].id)

    def _act(self, change: Append, at: str) -> Outcome:
        was, entry = change.room, change.entry
        if self._is_gone(was, change.room_id):
            return Gone()
        if entry.room != was and entry.room in self.room_records:
            return NameUsed()
        entry = structs.replace(entry, seq=self._next(was), at=at)
        match entry:
            case Topic(room=room, text=text):
                self.room_records[room] = replace(self.room_records[room], topic=text)
            case Deleted(room=room, target=target):
                self.logs[room] = [_without_text(e, target) for e in self.logs[room]]
            case Settings(room=room):
                entry = structs.replace(entry, was=None if room == was else was)
                self._settle(entry, was)
            case _:
                assert_never(entry)
        self._put(entry)
        return Appended(entry, self.room_records[entry.room].id)

    def _settle(self, settings: Settings, was: str) -> None:
        record, name = self.room_records[was], settings.room
        if name != was:
            self._move(was, name)
        self.room_records[name] = replace(
            record,
            name=name,
            kind=RoomKind(settings.kind),
            read_only=settings.read_only,
            archived=settings.archived,
        )

    def _move(self, was: str, name: str) -> None:
        del self.room_records[was]
        self.logs[name] = [structs.replace(event, room=name) for event in self.logs.pop(was)]
        kept: dict[tuple[str, str], Any]
        for kept in (self.read_seqs, self.roles, self.notify):
            for key in [key for key in kept if key[0] == was]:
                kept[name, key[1]] = kept.pop(key)
        for key, said in self.nonces.items():
            self.nonces[key] = structs.replace(said, room=name) if said.room == was else said
        kept_there = (entry for entry in self.held.values() if entry.room != name)
        moved = [replace(e, room=name) if e.room == was else e for e in kept_there]
        self.held = {entry.key: entry for entry in moved}
        self.acts = [replace(a, room=name) if a.room == was else a for a in self.acts]
        self.former = {f: to for f, to in self.former.items() if to != was} | {was: name}
        self.former.pop(name, None)
        self._moved = {f: name if to == was else to for f, to in self._moved.items()} | {was: name}
        self._moved.pop(name, None)

    def _room(self, name: str, kind: RoomKind = RoomKind.PUBLIC) -> RoomRecord:
        self.logs.setdefault(name, [])
        if name not in self.room_records:
            self.former.pop(name, None)
            self.room_records[name] = RoomRecord(name, kind, "", 1, 0, id=next(self._ids))
        return self.room_records[name]

    def _next(self, name: str, kind: RoomKind = RoomKind.PUBLIC) -> int:
        return self._room(name, kind).last + 1

    def _put(self, event: LogEvent) -> None:
        self.logs[event.room].append(event)
        self.room_records[event.room] = replace(self.room_records[event.room], last=event.seq)

    def notify_level(self, room: str, user_id: str) -> NotifyLevel:
        return self.notify.get((room, user_id), NotifyLevel.MENTIONS)

    def close(self) -> None:
        pass


class MemoryLog:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def page(
        self,
        room: str,
        *,
        room_id: int = 0,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        limit_bytes: int,
    ) -> LogPage:
        name = next((r.name for r in self._all.room_records.values() if r.id == room_id), room)
        record = self._all.room_records.get(name) or RoomRecord(name, RoomKind.PUBLIC, "", 1, 0)
        log = self._all.logs.get(name, [])
        if name != room:
            log = [structs.replace(event, room=room) for event in log]
        if after is not None:
            found = [event for event in log if event.seq > after]
            page = _cut(found, limit, limit_bytes)
        else:
            found = [event for event in log if before is None or event.seq < before]
            page = _cut(found[::-1], limit, limit_bytes)[::-1]
        return LogPage(tuple(page), len(page) < len(found), record.first, record.last)

    def search(
        self,
        room: str,
        text: str,
        *,
        room_id: int = 0,
        before: int | None,
        limit: int,
        entries: int = SEARCHED,
        budget: Budget | None = None,
    ) -> SearchPage:
        self._all.searched.append(entries)
        with (budget or Budget(60)).running():
            self._all.search_begun.set()
            held = (
                self._all.search_parts is not None
                and len(self._all.searched) > self._all.search_parts
            )
            while held or not self._all.search_go.wait(0.001):
                if budget is not None and budget.over:
                    raise OutOfTime("the search was ended")
        name = next((r.name for r in self._all.room_records.values() if r.id == room_id), room)
        record, log = self._all.room_records.get(name), self._all.logs.get(name, [])
        if record is None:
            return SearchPage((), None)
        if name != room:
            log = [structs.replace(event, room=room) for event in log]
        end = record.last + 1 if before is None else min(before, record.last + 1)
        floor = max(record.first, end - entries)
        found = [
            event
            for event in reversed(log)
            if isinstance(event, Message)
            and not event.deleted
            and floor <= event.seq < end
            and text.lower() in event.text.lower()
        ][:limit]
        floor = found[-1].seq if len(found) == limit else floor
        return SearchPage(tuple(found), floor if floor > record.first else None)


class MemoryRooms:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def find(self, name: str) -> RoomRecord | None:
        return self._all.room_records.get(name) or self._all.room_records.get(
            self._all.former.get(name, "")
        )

    def public(self, *, after: str | None, limit: int) -> list[RoomRecord]:
        names = sorted(n for n in self._all.room_records if after is None or n > after)
        found = (
            self._all.room_records[n]
            for n in names
            if self._all.room_records[n].kind is RoomKind.PUBLIC
        )
        return [room for room in found if not room.archived][:limit]


class MemoryMembers:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def of_room(self, room: str) -> dict[str, Role]:
        record = self._all.room_records.get(room)
        private = record is not None and record.kind is RoomKind.PRIVATE
        users = [user for name, user in self._all.read_seqs if name == room]
        found = {user: self._all.roles.get((room, user), Role.MEMBER) for user in users}
        return {user: role for user, role in found.items() if private or role is not Role.MEMBER}

    def of_direct_room(self, room: str) -> tuple[Person, ...]:
        ids = sorted(user for name, user in self._all.read_seqs if name == room)
        return tuple(Person(i, self._all.users[i].name) for i in ids)

    def memberships(self, user_id: str) -> list[Membership]:
        mine = sorted(room for room, user in self._all.read_seqs if user == user_id)
        return [self._membership(r, user_id) for r in mine]

    def private_rooms(self, user_id: str) -> list[RoomRecord]:
        mine = [each.room for each in self.memberships(user_id)]
        return [room for room in mine if room.kind is RoomKind.PRIVATE]

    def membership(self, user_id: str, room: str) -> Membership | None:
        return self._membership(room, user_id) if (room, user_id) in self._all.read_seqs else None

    def _membership(self, room: str, user_id: str) -> Membership:
        read, level = self._all.read_seqs[room, user_id], self._all.notify_level(room, user_id)
        return Membership(
            self._all.room_records[room],
            read,
            level,
            self._all.roles.get((room, user_id), Role.MEMBER),
        )


class MemoryPeople:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        user_id, session = self._all.sessions.get(token_hash, ("", None))
        return (
            self._all.users[user_id]
            if session is not None and session.expires_ms > now_ms
            else None
        )

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        held = self._held(now_ms)
        named = [u for u in self._all.users.values() if u.key == key]
        found = sorted(named, key=lambda u: (u.kind is UserKind.GUEST, u.id))
        return next((u for u in found if u.kind is not UserKind.GUEST or u.id in held), None)

    def held_automatic_names(self, now_ms: int) -> set[str]:
        held = self._held(now_ms)
        keys = {u.key for u in self._all.users.values() if u.id in held}
        return {k for k in keys if k.startswith("user") and k[4:].isdigit()}

    def _held(self, now_ms: int) -> set[str]:
        return {
            user for user, session in self._all.sessions.values() if session.expires_ms > now_ms
        }

    def account(self, key: str) -> Account | None:
        found = (
            u for u in self._all.users.values() if u.key == key and u.kind is not UserKind.GUEST
        )
        user = next(found, None)
        return None if user is None else Account(user, self._all.passwords.get(user.id))

    def accounts(self) -> list[UserRecord]:
        found = [user for user in self._all.users.values() if user.kind is not UserKind.GUEST]
        return sorted(found, key=lambda user: user.key)

    def known(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        return {i: self._all.users[i] for i in ids if i in self._all.users}

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        own = [s for owner, s in self._all.sessions.values() if owner == user_id]
        alive = [session for session in own if session.expires_ms > now_ms]
        return sorted(alive, key=lambda s: (-s.used_ms, -s.created_ms))

    def live_sessions(self, user_ids: Sequence[str], now_ms: int) -> set[bytes]:
        found = self._all.sessions.items()
        return {h for h, (user, s) in found if user in user_ids and s.expires_ms > now_ms}

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        found = self._all.invitations.get(code_hash)
        usable = found is not None and found.uses > 0 and found.expires_ms > now_ms
        return found if usable else None

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        usable = [i for i in self._all.invitations.values() if i.uses > 0 and i.expires_ms > now_ms]
        return sorted(usable, key=lambda i: i.expires_ms)


class MemoryOrder:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def sanctions(self, now_ms: int) -> list[Sanction]:
        held = [e for e in self._all.held.values() if e.ends_ms is None or e.ends_ms > now_ms]
        return sorted(held, key=lambda entry: entry.at_ms)

    def audit(
        self, *, room: str | None, before: int | None, limit: int, own: Sequence[str] = ()
    ) -> list[AuditRecord]:
        seen = [a for a in reversed(self._all.acts) if not a.room.startswith("+") or a.room in own]
        found = [a for a in seen if room in (None, a.room)]
        return [a for a in found if before is None or a.id < before][:limit]

    def ignored(self, user_id: str) -> list[Person]:
        found = [
            self._all.users[o]
            for u, o in self._all.ignores
            if u == user_id and o in self._all.users
        ]
        return [Person(u.id, u.name) for u in sorted(found, key=lambda u: (u.key, u.id))]


class MemoryPush:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def subscriptions(self, user_id: str) -> list[Subscription]:
        return [s for s in reversed(self._all.endpoints.values()) if s.user_id == user_id]

    def subscribers(self, room: str) -> list[Subscriber]:
        if self._all.unreadable:
            raise StorageError("the disk is on fire")
        found = [
            Subscriber(
                s,
                self._all.users[s.user_id].key,
                self._all.notify_level(room, s.user_id),
                ignored=frozenset(o for u, o in self._all.ignores if u == s.user_id),
            )
            for s in self._all.endpoints.values()
            if (room, s.user_id) in self._all.read_seqs
            and self._all.sessions.get(s.token_hash, ("",))[0] == s.user_id
        ]
        return [each for each in found if each.notify is not NotifyLevel.NONE]

    def loud_rooms(self) -> list[str]:
        return sorted(
            {each[0] for each, level in self._all.notify.items() if level is NotifyLevel.ALL}
        )


class MemoryCare:
    def __init__(self, everything: "MemoryStorage") -> None:
        self._all = everything

    def changed_elsewhere(self) -> bool:
        changed, self._all.elsewhere = self._all.elsewhere, False
        return changed

    def renew_sessions(self, ends_ms: Mapping[bytes, int], now_ms: int) -> None:
        for token_hash, end_ms in ends_ms.items():
            user_id, former = self._all.sessions.get(token_hash, ("", None))
            if former is not None and former.expires_ms < end_ms:
                renewed = replace(former, used_ms=now_ms, expires_ms=end_ms)
                self._all.sessions[token_hash] = (user_id, renewed)

    def purge(self, now_ms: int, addresses_before_ms: int) -> int:
        self._all.acts = [
            replace(act, whom=ADDRESS)
            if act.whom.startswith(f"{ADDRESS} ") and act.at_ms < addresses_before_ms
            else act
            for act in self._all.acts
        ]
        gone = [t for t, (_, session) in self._all.sessions.items() if session.expires_ms <= now_ms]
        for token_hash in gone:
            del self._all.sessions[token_hash]
        return len(gone)

    def forget_user(self, user_id: str, *, purge: bool) -> int:
        raise NotImplementedError("the command works on the database alone")

    def aged(self, before_ms: int, *, limit: int) -> list[str]:
        old = [name for name, log in self._all.logs.items() if log and is_before(log[0], before_ms)]
        return old[:limit]

    def expire(self, rooms: Sequence[str], before_ms: int, *, limit: int) -> dict[str, int]:
        if self._all.failing is not None:
            raise StorageError(self._all.failing)
        begins = {}
        for name in rooms:
            log = self._all.logs.get(name, [])
            while limit and log and is_before(log[0], before_ms):
                limit -= 1
                begins[name] = log.pop(0).seq + 1
                self._all.room_records[name] = replace(
                    self._all.room_records[name], first=begins[name]
                )
        kept = {(event.room, event.seq) for log in self._all.logs.values() for event in log}
        nonces = self._all.nonces.items()
        self._all.nonces = {key: said for key, said in nonces if (said.room, said.seq) in kept}
        return begins

    def secret(self, key: str, make: Callable[[], str]) -> str:
        if key not in self._all.secrets:
            self._all.secrets[key] = make()
        return self._all.secrets[key]

    def check_ready(self) -> None:
        if self._all.failing is not None:
            raise StorageError(self._all.failing)


def _without_text(event: LogEvent, seq: int) -> LogEvent:
    if not isinstance(event, Message) or event.seq != seq or event.deleted:
        return event
    return structs.replace(event, text="", me=False, deleted=True)


def is_before(event: LogEvent, at_ms: int) -> bool:
    return parse_instant(event.at) < at_ms


def _ids(people: tuple[Person, ...] | None) -> set[str] | None:
    return None if people is None else {person.id for person in people}


def _cut(found: list[LogEvent], limit: int, limit_bytes: int) -> list[LogEvent]:
    size = 0
    for index, event in enumerate(found[:limit]):
        size += len(getattr(event, "text", "").encode())
        if size > limit_bytes and index:
            return found[:index]
    return found[:limit]
