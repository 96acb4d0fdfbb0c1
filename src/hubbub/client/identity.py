"""Who a connection is: its user and its secret, as the server tells of them and others keep."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from hubbub.protocol.events import Person, Self, Welcome, You

KEPT_TOKEN_WAITS_S = (0.0, 0.5)
"""The client that was given another secret needs a moment to keep it."""


class Identity:
    """The last `welcome` with what came after it; `user` may be called otherwise by now."""

    def __init__(self, kept_token: Callable[[str], str | None] | None) -> None:
        self.welcome: Welcome | None = None
        self.user: Self | None = None
        self._kept_token = kept_token

    def greeted(self, welcome: Welcome) -> None:
        """A line has begun."""
        self.welcome, self.user = welcome, welcome.user

    def became(self, you: You) -> None:
        """This user has become a member, or got another role."""
        self.user = you.user
        if self.welcome is not None:
            self.welcome = replace(
                self.welcome,
                user=you.user,
                may=you.may,
                commands=you.commands,
                session=you.session or self.welcome.session,
            )

    def is_own(self, person: Person) -> bool:
        """Whether this is that user."""
        return self.user is not None and person.id == self.user.id

    def note_name(self, person: Person) -> None:
        """What somebody is called, which may be this user."""
        user = self.user
        if user is not None and person.id == user.id and person.name != user.name:
            self.user = replace(user, name=person.name)

    async def took_kept_token(self) -> bool:
        """Whether another client of this user's has kept another secret, as after `/register`."""
        if self._kept_token is None or self.welcome is None or self.user is None:
            return False
        for wait_s in KEPT_TOKEN_WAITS_S:
            await asyncio.sleep(wait_s)
            token = self._kept_token(self.user.name)
            if token is not None and token != self.welcome.session:
                self.welcome = replace(self.welcome, session=token)
                return True
        return False
