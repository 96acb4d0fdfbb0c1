"""The parts of a hub, as requests, commands, upkeep and the cluster are given them."""

from dataclasses import dataclass

from hubbub.hub.directory import Directory
from hubbub.hub.flow.committer import Committer
from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.flow.log import Log
from hubbub.hub.flow.presence import Announcer
from hubbub.hub.names import Names
from hubbub.hub.order.moderation import Moderation
from hubbub.hub.order.opaque_ids import OpaqueIds
from hubbub.hub.order.roles import RoleGrants
from hubbub.hub.order.sanction_log import SanctionLog
from hubbub.hub.peers import Peers
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.people.arrivals import Arrivals
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.people.identity import Identity
from hubbub.hub.people.invitations import Invitations
from hubbub.hub.people.plain_arrivals import PlainArrivals
from hubbub.hub.ports import Clock
from hubbub.hub.push.notifier import Notifier
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.rooms.replay import Replay
from hubbub.hub.rooms.settings import RoomSettings
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates
from hubbub.hub.settlement import Settlement
from hubbub.hub.state.permissions import Permissions
from hubbub.hub.state.room import User
from hubbub.hub.state.sanctions import Sanctions
from hubbub.hub.state.stats import Stats
from hubbub.hub.talk.lookups import Lookups
from hubbub.hub.talk.messages import Messages
from hubbub.hub.talk.searches import Searches
from hubbub.hub.welcome import Welcome


@dataclass(frozen=True, slots=True)
class Parts:
    """All of them, each by the name of what it does; those of `Core` first."""

    limits: Limits
    clock: Clock
    stats: Stats
    rates: Rates
    log: Log
    committer: Committer
    fanout: Fanout
    presence: Announcer
    users: dict[str, User]
    permissions: Permissions
    peers: Peers
    default_room: str

    names: Names
    directory: Directory
    rooms: Rooms
    membership: RoomMembership
    replay: Replay
    room_settings: RoomSettings
    messages: Messages
    lookups: Lookups
    searches: Searches
    welcome: Welcome
    attendance: Attendance
    accounts: Accounts
    invitations: Invitations
    identity: Identity
    arrivals: Arrivals
    plain_arrivals: PlainArrivals
    sanctions: Sanctions
    sanction_log: SanctionLog
    moderation: Moderation
    role_grants: RoleGrants
    opaque_ids: OpaqueIds
    settlement: Settlement
    notifier: Notifier | None
