"""As whom to say hello and where: by flags, by what is saved about a server, as the last time."""

from dataclasses import dataclass

from hubbub.client import saved
from hubbub.client.address import Address
from hubbub.client.options import JoinOptions
from hubbub.client.saved import Saved, Server, Session
from hubbub.errors import ConfigError, Refusal, Unavailable


@dataclass(slots=True)
class Wish:
    """What to try next; changed by each refusal that leaves another way.

    `wanted` are the rooms that were asked for this time: their refusals are not passed over.
    `session` is who this was the last time, also after the server has forgotten it.
    """

    name: str | None
    token: str | None
    rooms: tuple[str, ...]
    wanted: tuple[str, ...] = ()
    session: Session | None = None
    forgotten: bool = False
    password: str | None = None
    invite: str | None = None
    new: bool = False
    """Whether the name and the password are to make an account, without an invitation."""

    @property
    def nobody(self) -> bool:
        """Whether a name has to be asked for, or a password for a new account."""
        missing = self.name is None or (self.invite is not None and self.password is None)
        return missing and self.token is None

    @property
    def registers(self) -> bool:
        """Whether this makes an account."""
        return (self.invite is not None or self.new) and self.password is not None

    def forget_session(self) -> bool:
        """Goes on by the name of a session that has run out; False where there was none."""
        if self.session is None or self.token is None:
            return False
        self.name, self.token, self.forgotten = self.session.name, None, True
        return True

    def pass_over(self, refusal: Refusal) -> bool:
        """Goes on without a room of the last time that is closed now; False for any other."""
        room = refusal.room
        if room not in self.rooms or room in self.wanted or isinstance(refusal, Unavailable):
            return False
        self.rooms = tuple(name for name in self.rooms if name != room)
        # Who is refused a room is in the house: an invitation was taken.
        self.invite = None
        return True


def wish_for(options: JoinOptions, server: Server, kept: Saved, address: Address) -> Wish:
    """The first wish: with a token as its user, else as the last time under this name."""
    name, rooms = options.name or server.name, options.rooms or server.rooms
    if options.token is not None:
        return Wish(options.name, options.token, rooms, options.rooms)
    session = saved.session_for(kept, address, name)
    if session is None or options.invite is not None:
        return Wish(name, None, rooms, options.rooms, invite=options.invite)
    rooms = tuple(dict.fromkeys((*options.rooms, *server.rooms, *session.rooms)))
    return Wish(None, session.token, rooms, options.rooms, session)


def kept_token(address: Address, name: str) -> str | None:
    """The secret that is kept by now of a name: another client may have been given a new one."""
    try:
        session = saved.session_for(saved.load(), address, name)
    except ConfigError:
        return None
    return None if session is None else session.token
