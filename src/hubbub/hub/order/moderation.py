"""What moderators do: kick, mute, ban, delete. Each act is in the audit log."""

from collections.abc import Iterable

from structlog import get_logger

from hubbub.errors import (
    BadName,
    BadRequest,
    Banned,
    NoSuchUser,
    NotAMember,
)
from hubbub.hub.core import Core
from hubbub.hub.directory import Directory
from hubbub.hub.order.audit import audited
from hubbub.hub.order.sanction_log import SanctionLog
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.rooms.membership import RoomMembership, in_room
from hubbub.hub.rules.addresses import parse_address, subscriber
from hubbub.hub.signs import ShownOut, Told
from hubbub.hub.state.permissions import Right, stored_role_in
from hubbub.hub.state.room import Room, User
from hubbub.hub.state.sanctions import EVERYWHERE, Sanctions, Subject, subjects_against
from hubbub.model import Role, user_name
from hubbub.protocol.close_codes import BANNED
from hubbub.protocol.durations import show_duration
from hubbub.protocol.events import Deleted, Error, Message, Notice, Presence
from hubbub.protocol.plain import clean
from hubbub.protocol.requests import REASON_CHARS
from hubbub.storage.changes import Append, EndSessions, RemoveMember
from hubbub.storage.records import ADDRESS, Against, Sanction, SanctionKind, UserRecord

log = get_logger(__name__)


class Moderation:
    """The acts."""

    def __init__(
        self,
        core: Core,
        membership: RoomMembership,
        directory: Directory,
        sanctions: Sanctions,
        sanction_log: SanctionLog,
        accounts: Accounts,
        attendance: Attendance,
    ) -> None:
        self._peers = core.peers
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._limits = core.limits
        self._clock = core.clock
        self._permissions = core.permissions
        self._membership = membership
        self._directory = directory
        self._sanctions = sanctions
        self._sanction_log = sanction_log
        self._accounts = accounts
        self._end = attendance.end

    # --- in a room

    async def kick(self, user: User, room: Room, typed: str, reason: str) -> str:
        """Takes somebody out of a room, and of its members; the name. Raises Refusal."""
        self._permissions.require(user, Right.KICK, room)
        whom = await self._below(user, typed, room)
        target = self._users.get(whom.id)
        if not room.has(whom.id) and not (room.private and whom.id in room.roles):
            raise NotAMember(f"{whom.name} is not in {room.title}.")
        reason = tidy(reason)
        audit = audited("kick", user, whom.name, room, reason, whom_id=whom.id)
        await self._committer.outcomes(RemoveMember(room.name, whom.id), audit)
        because = f": {reason}" if reason else "."
        text = f"{user.name.shown} showed you out of {room.title}{because}"
        if target is not None:
            self.show_out(target, room, text)
        self._peers.signals.tell(ShownOut(whom.id, room.name, text))
        return whom.name

    def show_out(self, target: User, room: Room, text: str) -> None:
        """Takes somebody's connections out of a room, with a word to each."""
        for session in in_room(target, room):
            self._membership.leave(session, room)
            session.send(Presence(room=room.name, user=target.person, state="left"))
            session.send(Notice(text=text))
            if session.dialect.one_room:
                # It has no room to go to that it would not have to be shown out of as well.
                self._end(session, 1000, "shown out")

    async def mute(
        self,
        user: User,
        room: Room | None,
        typed: str,
        duration_s: int | None,
        reason: str,
    ) -> Sanction:
        """Takes the word from somebody, in a room or everywhere; what was laid. Raises Refusal."""
        right = Right.MUTE_EVERYWHERE if room is None else Right.MUTE
        self._permissions.require(user, right, room)
        whom = await self._below(user, typed, room)
        reason = tidy(reason)
        elsewhere = await self._addresses(whom)
        entries = self._sanctions_on(
            SanctionKind.MUTE, room, whom, user, duration_s, reason, elsewhere
        )
        lasting = _lasting(duration_s, reason)
        audit = audited("mute", user, whom.name, room, lasting, whom_id=whom.id)
        await self._sanction_log.lay(entries, audit, room=room)
        if room is None or room.visible_to(whom.id):
            self._notify(whom.id, self._sanctions.sentence(entries[0]))
        return entries[0]

    async def unmute(self, user: User, room: Room | None, typed: str) -> str:
        """Gives the word back; the name. Raises Refusal, NoSuchUser for one who has it."""
        right = Right.MUTE_EVERYWHERE if room is None else Right.MUTE
        self._permissions.require(user, right, room)
        place = EVERYWHERE if room is None else room.name
        if await self._found(typed) is not None:
            await self._below(user, typed, room)
        found = self._named(SanctionKind.MUTE, place, typed)
        whom = found[0].whom
        await self._sanction_log.lift(
            found, audited("unmute", user, whom, room, whom_id=_id(found))
        )
        for each in found:
            if each.against is Against.USER and (room is None or room.visible_to(each.subject)):
                self._notify(each.subject, f"{user.name.shown} gave you the word back.")
        return whom

    async def delete(self, user: User, room: Room, seq: int, reason: str) -> None:
        """Takes a message's text away. Raises Refusal."""
        found = await self._message(room, seq)
        own = found.sender.id == user.id
        if room.archived:
            self._permissions.require(user, Right.POST, room)
        if not own:
            self._permissions.require(user, Right.DELETE, room)
            await self._check_above(user, found.sender.id, room)
        deleted = Deleted(room=room.name, seq=0, at="", sender=user.person, target=seq)
        change = Append(deleted, room.meant)
        audit = audited(
            "delete", user, found.sender.name, room, tidy(reason), whom_id=found.sender.id
        )
        await self._committer.outcomes(*([] if own else [audit]), change, room=room)

    async def _message(self, room: Room, seq: int) -> Message:
        """The message of that number. Raises BadRequest for none, and for one that was deleted."""
        page = await self._log.read(
            self._log.storage.log.page,
            room.name,
            room_id=room.meant,
            after=seq - 1,
            limit=1,
            limit_bytes=1,
        )
        found = page.events[0] if page.events else None
        if not isinstance(found, Message) or found.seq != seq:
            raise BadRequest(f"There is no message {seq} in {room.title}.")
        if found.deleted:
            raise BadRequest(f"The message {seq} of {room.title} was deleted before.")
        return found

    # --- on the server

    async def ban(self, user: User, typed: str, duration_s: int | None, reason: str) -> Sanction:
        """Shuts somebody out, by a name or an address; what was laid. Raises Refusal."""
        self._permissions.require(user, Right.BAN)
        reason = tidy(reason)
        whom = await self._found(typed)
        # A guest may call themselves like an address; whoever is meant by a name is meant first.
        if whom is None and (address := parse_address(typed)) is not None:
            return await self._ban_address(user, subscriber(str(address)), duration_s, reason)
        if whom is None:
            # Somebody who has gone, or who has not come yet.
            name = user_name(typed.removeprefix("@"))
            ends_ms = self._ends_ms(duration_s)
            by = (Against.NAME, name.key)
            entries = [
                self._sanction(SanctionKind.BAN, None, by, name.shown, user, ends_ms, reason)
            ]
            shown, others = name.shown, []
        else:
            self._check_not_oneself(user, whom)
            self._check_rank(user, whom, None)
            elsewhere = await self._addresses(whom)
            entries = self._sanctions_on(
                SanctionKind.BAN, None, whom, user, duration_s, reason, elsewhere
            )
            shown, others = whom.name, [EndSessions(whom.id)]
        audit = audited(
            "ban",
            user,
            shown,
            None,
            _lasting(duration_s, reason),
            whom_id="" if whom is None else whom.id,
        )
        former = [] if whom is None else await self._accounts.sessions_of(whom.id)
        await self._sanction_log.lay(entries, *others, audit)
        self._accounts.revoke(former)
        self.shut_out()
        return entries[0]

    async def _ban_address(
        self, user: User, subject: str, duration_s: int | None, reason: str
    ) -> Sanction:
        if duration_s is not None and duration_s > self._address_s(None):
            raise BadRequest(
                f"Addresses are kept for {self._limits.address_retention_h:g} h at most "
                "(the setting address_retention_h); ban it for as long as that or less."
            )
        shown = f"{ADDRESS} {subject}"
        ends_ms = self._ends_ms(self._address_s(duration_s))
        by = (Against.ADDRESS, subject)
        entry = self._sanction(SanctionKind.BAN, None, by, shown, user, ends_ms, reason)
        lasting = _lasting(duration_s, reason)
        await self._sanction_log.lay([entry], audited("ban", user, shown, None, lasting))
        self.shut_out()
        return entry

    async def unban(self, user: User, typed: str) -> str:
        """Lets somebody in again; whom. Raises Refusal, NoSuchUser for one who is not banned."""
        self._permissions.require(user, Right.BAN)
        address = parse_address(typed)
        names = {name_key(each.whom) for each in self._sanctions.holding(SanctionKind.BAN)}
        if address is not None and name_key(typed) not in names:
            typed = f"{ADDRESS} {subscriber(str(address))}"
        found = self._named(SanctionKind.BAN, EVERYWHERE, typed)
        whom = found[0].whom
        await self._sanction_log.lift(found, audited("unban", user, whom, None, whom_id=_id(found)))
        return whom

    def shut_out(self) -> None:
        """Ends the connections of those who may not come in any more."""
        for user in list(self._users.values()):
            for session in list(user.sessions):
                try:
                    self._sanctions.check_door(session, user)
                except Banned as refusal:
                    session.reply(Error.of(refusal))
                    self._end(session, BANNED, "banned")

    # ---

    async def _found(self, typed: str) -> UserRecord | None:
        try:
            return await self._directory.find(typed)
        except NoSuchUser:
            return None

    async def _below(self, user: User, typed: str, room: Room | None) -> UserRecord:
        """Somebody else, of a lower role. Raises NoSuchUser, BadRequest, Forbidden."""
        whom = await self._directory.find(typed)
        self._check_not_oneself(user, whom)
        self._check_rank(user, whom, room)
        return whom

    def _check_rank(self, user: User, whom: UserRecord, room: Room | None) -> None:
        """Raises Forbidden for somebody of the same rank or above, there or on the server."""
        if room is None:
            self._permissions.require_rank(user, whom.role)
        else:
            there = room.roles.get(whom.id, Role.MEMBER)
            role = stored_role_in(whom.role, there, room.kind)
            self._permissions.require_rank(user, role, room)

    async def _check_above(self, user: User, other_id: str, room: Room) -> None:
        """Raises Forbidden for what somebody of the same rank said, if they are still known."""
        known = await self._log.read(self._log.storage.people.known, [other_id])
        other = self._users[other_id].record if other_id in self._users else known.get(other_id)
        if other is not None:
            self._check_rank(user, other, room)

    def _check_not_oneself(self, user: User, whom: UserRecord) -> None:
        if whom.id == user.id:
            raise BadRequest("You cannot do that to yourself.")

    async def _addresses(self, whom: UserRecord) -> list[str]:
        """From where somebody is connected to other nodes."""
        found = await self._peers.directory.whereabouts([whom.id])
        return [address for present in found for address in present.addresses]

    def _sanctions_on(
        self,
        kind: SanctionKind,
        room: Room | None,
        whom: UserRecord,
        user: User,
        duration_s: int | None,
        reason: str,
        elsewhere: Iterable[str],
    ) -> list[Sanction]:
        """What keeps somebody out or quiet, the one by the user's id first."""
        target = self._users.get(whom.id) or User.of(whom, self._limits)
        addresses = {session.address.key for session in target.sessions} | set(elsewhere)
        found = []
        for subject in subjects_against(target, sorted(addresses)):
            lasts_s = duration_s
            if subject[0] is Against.ADDRESS:
                lasts_s = self._address_s(duration_s)
            ends_ms = self._ends_ms(lasts_s)
            entry = self._sanction(kind, room, subject, whom.name, user, ends_ms, reason)
            found.append(entry)
        return found

    def _sanction(
        self,
        kind: SanctionKind,
        room: Room | None,
        subject: Subject,
        whom: str,
        by: User,
        ends_ms: int | None,
        reason: str,
    ) -> Sanction:
        place = EVERYWHERE if room is None else room.name
        now_ms = self._clock.now_ms()
        return Sanction(kind, place, *subject, whom, by.name.shown, now_ms, ends_ms, reason)

    def _address_s(self, duration_s: int | None) -> int:
        """How long an address is kept: as long as was asked for and as the limit allows."""
        longest_s = int(self._limits.address_retention_h * 3600)
        return min(duration_s or longest_s, longest_s)

    def _ends_ms(self, duration_s: int | None) -> int | None:
        return None if duration_s is None else self._clock.now_ms() + duration_s * 1000

    def _named(self, kind: SanctionKind, room: str, typed: str) -> list[Sanction]:
        """The sanctions of somebody, by the name that they had then. Raises NoSuchUser."""
        wanted = name_key(typed)
        entries = self._sanctions.holding(kind, room)
        found = [entry for entry in entries if name_key(entry.whom) == wanted]
        if not found:
            what = "banned" if kind is SanctionKind.BAN else "muted"
            raise NoSuchUser(f"{typed[:64]} is not {what}; /bans lists who is.")
        return found

    def _notify(self, user_id: str, sentence: str) -> None:
        self.notify(user_id, sentence)
        self._peers.signals.tell(Told(user_id, sentence))

    def notify(self, user_id: str, sentence: str) -> None:
        """Tells somebody who is on this node."""
        target = self._users.get(user_id)
        for session in () if target is None else target.sessions:
            session.send(Notice(text=sentence))


def _id(entries: list[Sanction]) -> str:
    """Whose sanctions they are, where that is known."""
    return next((each.subject for each in entries if each.against is Against.USER), "")


def _lasting(duration_s: int | None, reason: str) -> str:
    lasts = "" if duration_s is None else f"for {show_duration(duration_s)}"
    return ": ".join(part for part in (lasts, reason) if part)


def name_key(typed: str) -> str:
    """A name as it is compared; what is no name, an address say, as it is."""
    try:
        return user_name(typed.removeprefix("@")).key
    except BadName:
        return typed


def tidy(reason: str) -> str:
    """A reason as one line without controls, cut to `REASON_CHARS`."""
    return " ".join(clean(reason).split())[:REASON_CHARS]
