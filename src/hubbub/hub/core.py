"""What every part of the hub stands on, made first and handed to each of them."""

from dataclasses import dataclass

from hubbub.hub.flow.committer import Committer
from hubbub.hub.flow.fanout import Fanout
from hubbub.hub.flow.log import Log
from hubbub.hub.flow.presence import Announcer
from hubbub.hub.peers import Peers
from hubbub.hub.ports import Clock
from hubbub.hub.rules.limits import Limits
from hubbub.hub.rules.rates import Rates
from hubbub.hub.state.permissions import Permissions
from hubbub.hub.state.room import User
from hubbub.hub.state.stats import Stats


@dataclass(frozen=True, slots=True)
class Core:
    """The log and the way into it, who is here, what holds for them, and what time it is."""

    limits: Limits
    clock: Clock
    stats: Stats
    rates: Rates
    log: Log
    committer: Committer
    fanout: Fanout
    presence: Announcer
    users: dict[str, User]
    """Those who are here by a connection to this node, by their ids."""
    permissions: Permissions
    peers: Peers
    default_room: str
