"""What users and addresses use up of their rates on one node counts on the others too.

Each node tells every few seconds what was taken; so whoever spreads over n nodes gets no more than
one node's rate and what n nodes give within that time.
"""

from collections.abc import Iterable, Iterator, Mapping

from hubbub.hub.rules.rates import AddressRates, Rates, TokenBucket
from hubbub.hub.state.room import User

Stock = dict[str, dict[str, int]]
"""By kind of rate and by whose it is, how many tokens were taken."""

SMALL = 0.02
"""The part of a burst that is not worth telling yet."""
OF_ADDRESS = ("posts", "commands", "connects", "frames", "failed_sign_ins", "passwords")
OF_USER = ("posts", "commands")
OF_NAME = "tried"
AT_ONCE = 2_000


def take_stock(rates: Rates, users: Iterable[User]) -> Iterator[Stock]:
    """What was taken here since the last time, `AT_ONCE` tokens' owners at a time."""
    stock: Stock = {}
    count = 0
    for kind, key, bucket in _buckets(rates, users):
        if bucket.taken > 0 and bucket.taken >= SMALL * bucket.burst:
            stock.setdefault(kind, {})[key] = bucket.taken
            bucket.taken = 0
            count += 1
            if count % AT_ONCE == 0:
                yield stock
                stock = {}
    if stock:
        yield stock


def _buckets(rates: Rates, users: Iterable[User]) -> Iterator[tuple[str, str, TokenBucket]]:
    for user in users:
        for kind in OF_USER:
            yield f"user {kind}", user.id, getattr(user, kind)
    for address in rates.addresses():
        for kind in OF_ADDRESS:
            bucket = getattr(address, kind)
            if bucket is not None:
                yield kind, address.key, bucket
    for key, bucket in rates.tried().items():
        yield OF_NAME, key, bucket


def spend(rates: Rates, users: Mapping[str, User], stock: Stock, left: Mapping[str, float]) -> None:
    """Takes here what was taken there."""
    for kind, taken in stock.items():
        for key, tokens in taken.items():
            bucket = _bucket(rates, users, kind, key)
            if bucket is not None:
                bucket.drain(tokens)
    for address, rest in left.items():
        rates.leave_with(rates.of_address(address), rest)


def _bucket(rates: Rates, users: Mapping[str, User], kind: str, key: str) -> TokenBucket | None:
    whose, _, of_user = kind.rpartition(" ")
    if whose == "user":
        user = users.get(key)
        return None if user is None or of_user not in OF_USER else getattr(user, of_user)
    if kind == OF_NAME:
        return rates.of_name(key)
    if kind == "passwords":
        return rates.passwords_of(rates.of_address(key))
    return _of_address(rates.of_address(key), kind)


def _of_address(address: AddressRates, kind: str) -> TokenBucket | None:
    return getattr(address, kind) if kind in OF_ADDRESS else None
