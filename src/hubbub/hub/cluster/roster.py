"""Who is in the rooms of this node by other nodes: as they say it, and as the log has it.

What a node says of its people comes after it is in the log. So a room that is read while signs of
it are kept back, and a sweep that leaves out what was said meanwhile, come to the same.
"""

from collections.abc import Iterable, Mapping, Sequence

from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.state.room import Room, User
from hubbub.protocol.events import Person, Presence
from hubbub.storage.changes import Change, Depart, EnterRoom, ExitRoom
from hubbub.storage.records import Present, UserRecord


class Roster:
    """Keeps `Room.remote` and tells the people of this node who comes and goes there."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._touched: set[Room] = set()

    def enter(self, room: Room, node: str, user: UserRecord, *, away: bool) -> None:
        """Somebody is in a room by another node."""
        self._touched.add(room)
        if room.enter_by(node, user, away=away):
            self._tell(room, user, "joined")

    def exit(self, room: Room, node: str, user_id: str) -> None:
        """They are no longer."""
        self._touched.add(room)
        gone = room.leave_by(node, user_id)
        if gone is not None:
            self._tell(room, gone, "left")

    def end(self, node: str) -> None:
        """Nobody is anywhere by that node."""
        for room in self._context.parts.rooms.all_live():
            for user_id in [i for i, guest in room.remote.items() if node in guest.nodes]:
                self.exit(room, node, user_id)

    def change(self, user: UserRecord, *, away: bool) -> None:
        """Somebody has another name, or is away or back."""
        for room in self._context.parts.rooms.all_live():
            guest = room.remote.get(user.id)
            if guest is not None:
                self._touched.add(room)
                guest.user, guest.away = user, away

    def _tell(self, room: Room, user: UserRecord, state: str) -> None:
        person = Person(user.id, user.name)
        joined = state == "joined"
        presence = Presence(room=room.name, user=person, state="joined" if joined else "left")
        self._context.parts.presence.tell(room, presence)

    # --- what the log says

    def begin_sweep(self) -> list[str]:
        """The rooms whose people are to be read now."""
        self._touched.clear()
        return [room.name for room in self._context.parts.rooms.all_live() if not room.direct]

    def finish_sweep(
        self, own: str, names: Iterable[str], found: Sequence[tuple[str, Present]]
    ) -> None:
        """Takes what was read of these rooms, but for those of which others spoke meanwhile."""
        by_room: dict[str, dict[tuple[str, str], Present]] = {name: {} for name in names}
        for name, present in found:
            if present.node != own and name in by_room:
                by_room[name][present.node, present.user.id] = present
        for name, there in by_room.items():
            room = self._context.parts.rooms.live(name)
            if room is None or room in self._touched:
                continue
            room.made = room.made or bool(there)
            known = {(n, i) for i, guest in room.remote.items() for n in guest.nodes}
            for node, user_id in known - there.keys():
                self.exit(room, node, user_id)
            for (node, user_id), present in there.items():
                away = present.away is not None
                if (node, user_id) not in known:
                    self.enter(room, node, present.user, away=away)
                else:
                    guest = room.remote[user_id]
                    guest.user, guest.away = present.user, away

    def repairs(
        self, users: Mapping[str, User], own: Iterable[Present], placed: Iterable[tuple[str, str]]
    ) -> list[Change]:
        """What the log lacks, or has too much, of this node's users and of where they are.

        `placed` are their rooms in the log, of those that are in memory.
        """
        changes: list[Change] = []
        known = {present.user.id: present for present in own}
        for user in users.values():
            now, present = user.arrival(), known.get(user.id)
            if present is None or (present.user, present.addresses, present.away) != (
                now.user,
                now.addresses,
                now.away,
            ):
                changes.append(now)
        there = set(placed)
        rooms = [room for room in self._context.parts.rooms.all_live() if not room.direct]
        here = {(room.name, user.id) for room in rooms for user in room.users()}
        names = {room.name for room in rooms}
        changes += [EnterRoom(name, user_id) for name, user_id in sorted(here - there)]
        changes += [
            ExitRoom(name, user_id) for name, user_id in sorted(there - here) if name in names
        ]
        changes += [Depart(user_id) for user_id in sorted(known.keys() - users.keys())]
        return changes
