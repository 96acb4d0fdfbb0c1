"""How often one user, and one address, may ask for something: token buckets."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Protocol

from hubbub.errors import RateLimited
from hubbub.hub.ports import Clock
from hubbub.hub.rules.limits import Limits

SHORTEST_WAIT_S = 0.5
# More than one who waits as told can collect.
FORGIVEN_PER_S = 4.0
# A connection that was closed for flooding costs its address as much as this many connections,
# so that one who comes back at once to flood on is soon kept out.
FLOOD_CONNECTS = 100


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_s` of them a second; time is an argument."""

    __slots__ = ("_closed_until_s", "_per_s", "at_s", "burst", "taken", "tokens")

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self.burst = float(burst)
        self.tokens = float(burst)
        self.taken = 0
        """Since the others were told."""
        self.at_s: float | None = None
        self._closed_until_s = 0.0

    def take(self, now_s: float, what: str) -> None:
        """Takes one token for `what` (a plural); raises RateLimited, with the wait, if none is.

        Once it has refused it refuses until that wait is over: of requests that were sent one
        behind the other, none may overtake one that was refused.
        """
        self.look(now_s, what)
        self.tokens -= 1
        self.taken += 1

    def look(self, now_s: float, what: str) -> None:
        """The same, and takes none: for what costs a token only when it fails."""
        self.gain(now_s)
        if self.tokens >= 1 and now_s >= self._closed_until_s:
            return
        if now_s >= self._closed_until_s:
            missing_s = (1 - self.tokens) / self._per_s
            self._closed_until_s = now_s + max(missing_s, SHORTEST_WAIT_S)
        wait_s = round(self._closed_until_s - now_s, 3)
        raise RateLimited(
            f"Too many {what}: {self._per_s:g} a second are welcome; go on in {wait_s:.1f} s.",
            retry_after=wait_s,
        )

    def gain(self, now_s: float) -> None:
        """Adds what came since the last time."""
        if self.at_s is not None:
            self.tokens = min(self.burst, self.tokens + (now_s - self.at_s) * self._per_s)
        self.at_s = now_s

    def give_back(self) -> None:
        """Takes one token back that was taken for what cost none."""
        self.tokens = min(self.burst, self.tokens + 1)
        self.taken -= 1

    def drain(self, tokens: int) -> None:
        """Takes up to that many, if they are there."""
        self.tokens = max(0.0, self.tokens - tokens)


class AddressRates:
    """What one address may ask for by all its connections, and how many of them are open."""

    __slots__ = (
        "_burst",
        "commands",
        "connections",
        "connects",
        "failed_sign_ins",
        "frames",
        "key",
        "passwords",
        "posts",
        "searches",
        "spent",
    )

    def __init__(self, limits: Limits, key: str = "") -> None:
        self.key = key
        self.connections = 0
        self.searches = 0
        self.posts = TokenBucket(limits.address_posts_per_s, limits.address_posts_burst)
        self.commands = TokenBucket(limits.address_commands_per_s, limits.address_commands_burst)
        self.connects = TokenBucket(limits.connects_per_s, limits.connects_burst)
        self.frames = TokenBucket(limits.frames_per_s, limits.frames_burst)
        self._burst = limits.posts_burst
        self.spent: TokenBucket | None = None
        self.passwords: TokenBucket | None = None
        self.failed_sign_ins = TokenBucket(
            limits.failed_sign_ins_per_s, limits.failed_sign_ins_burst
        )

    def newcomers_posts(self, now_s: float) -> float:
        """What somebody new may post at once: less for a while after somebody left without any."""
        if self.spent is None:
            return float(self._burst)
        self.spent.gain(now_s)
        return self.spent.tokens


class Spender(Protocol):
    """A user, as far as rates know one."""

    posts: TokenBucket
    commands: TokenBucket


class Asker(Protocol):
    """A connection, as far as rates know one."""

    refusals: TokenBucket | None
    """For being refused; None before the first time."""

    @property
    def address(self) -> AddressRates:
        """Where it comes from."""
        ...

    @property
    def user(self) -> Spender | None:
        """Whose it is, if anybody's by now."""
        ...


class Rates:
    """The rates of everyone. Where they are off nothing is counted and nobody refused."""

    def __init__(self, limits: Limits, clock: Clock, *, on: bool) -> None:
        self._limits = limits
        self._clock = clock
        self.on = on
        self._addresses: OrderedDict[str, AddressRates] = OrderedDict()
        self._tried: OrderedDict[str, TokenBucket] = OrderedDict()

    def of_address(self, address: str) -> AddressRates:
        """The rates of an address: of those connected, and of the last `addresses` that were."""
        rates = self._addresses.get(address)
        if rates is None:
            rates = self._addresses[address] = AddressRates(self._limits, address)
            self._forget_one()
        self._addresses.move_to_end(address)
        return rates

    def _forget_one(self) -> None:
        if len(self._addresses) <= self._limits.addresses:
            return
        for address, rates in self._addresses.items():
            if not rates.connections:
                del self._addresses[address]
                return

    def connect(self, address: AddressRates) -> None:
        """Counts one connection or HTTP request more. Raises RateLimited."""
        if self.on:
            address.connects.take(self._clock.steady_s(), "connections")

    def flooding_frames(self, address: AddressRates) -> bool:
        """Counts a WebSocket frame of any kind; whether there were too many."""
        if not self.on:
            return False
        try:
            address.frames.take(self._clock.steady_s(), "frames")
        except RateLimited:
            address.connects.drain(FLOOD_CONNECTS)
            return True
        return False

    def leave(self, address: AddressRates, user: Spender) -> float | None:
        """Notes what a user who leaves has used up, for whoever comes from there next.

        What is left for them, where that is less than it was.
        """
        if self.on and user.posts.tokens < address.newcomers_posts(self._clock.steady_s()):
            address.spent = user.posts
            return user.posts.tokens
        return None

    def leave_with(self, address: AddressRates, tokens: float) -> None:
        """The same for one who left another node."""
        if self.on and tokens < address.newcomers_posts(self._clock.steady_s()):
            spent = TokenBucket(self._limits.posts_per_s, self._limits.posts_burst)
            spent.tokens, spent.at_s = tokens, self._clock.steady_s()
            address.spent = spent

    def addresses(self) -> Iterable[AddressRates]:
        """All that are remembered."""
        return self._addresses.values()

    def tried(self) -> Mapping[str, TokenBucket]:
        """By name, what may still be tried of passwords."""
        return self._tried

    def come(self, address: AddressRates, user: Spender) -> None:
        """Gives a newcomer what is left there, so that coming back brings no new burst."""
        if self.on:
            now_s = self._clock.steady_s()
            user.posts.tokens = address.newcomers_posts(now_s)
            user.posts.at_s = now_s

    def post(self, session: Asker, user: Spender) -> None:
        """Counts a post or a whisper. Raises RateLimited."""
        if self.on:
            now_s = self._clock.steady_s()
            user.posts.take(now_s, "messages")
            session.address.posts.take(now_s, "messages from your address")

    def command(self, session: Asker) -> None:
        """Counts any other request. Raises RateLimited."""
        if self.on:
            now_s = self._clock.steady_s()
            if session.user is not None:
                session.user.commands.take(now_s, "requests")
            session.address.commands.take(now_s, "requests from your address")

    def sign_in(self, address: AddressRates) -> None:
        """Asks whether a token may be tried. Raises RateLimited."""
        if self.on:
            address.failed_sign_ins.look(self._clock.steady_s(), "wrong tokens")

    def failed_sign_in(self, address: AddressRates) -> None:
        """Counts a token that was wrong."""
        address.failed_sign_ins.drain(1)
        address.failed_sign_ins.taken += 1

    def password(self, session: Asker, key: str) -> None:
        """Counts a password that is tried for a name. Raises RateLimited."""
        if self.on:
            now_s = self._clock.steady_s()
            for bucket in self._passwords(session, key):
                bucket.take(now_s, "wrong passwords")

    def right_password(self, session: Asker, key: str) -> None:
        """One that was right costs nothing."""
        if self.on:
            for bucket in self._passwords(session, key):
                bucket.give_back()

    def _passwords(self, session: Asker, key: str) -> tuple[TokenBucket, TokenBucket]:
        return self.passwords_of(session.address), self.of_name(key)

    def passwords_of(self, address: AddressRates) -> TokenBucket:
        """What an address may still try of passwords."""
        if address.passwords is None:
            limits = self._limits
            per_s, burst = limits.address_passwords_per_s, limits.address_passwords_burst
            address.passwords = TokenBucket(per_s, burst)
        return address.passwords

    def of_name(self, key: str) -> TokenBucket:
        """What may still be tried of passwords for a name."""
        limits = self._limits
        of_name = self._tried.get(key)
        if of_name is None:
            of_name = TokenBucket(limits.name_passwords_per_s, limits.name_passwords_burst)
            self._tried[key] = of_name
            if len(self._tried) > limits.addresses:
                self._tried.popitem(last=False)
        self._tried.move_to_end(key)
        return of_name

    def flooding(self, session: Asker) -> bool:
        """Counts a refusal for too high a rate; whether the session has had its last one."""
        if session.refusals is None:
            session.refusals = TokenBucket(FORGIVEN_PER_S, self._limits.flood_refusals)
        try:
            session.refusals.take(self._clock.steady_s(), "refusals")
        except RateLimited:
            session.address.connects.drain(FLOOD_CONNECTS)
            return True
        return False
