"""Token buckets: how often one user may ask for something."""

from hubbub.errors import RateLimited

SHORTEST_WAIT_S = 0.5


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_s` of them a second; time is an argument."""

    __slots__ = ("_at_s", "_burst", "_closed_until_s", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at_s: float | None = None
        self._closed_until_s = 0.0

    def take(self, now_s: float, what: str) -> None:
        """Takes one token for `what` (a plural); raises RateLimited, with the wait, if none is.

        Once it has refused it refuses until that wait is over: of requests that were sent one
        behind the other, none may overtake one that was refused.
        """
        if self._at_s is not None:
            gained = (now_s - self._at_s) * self._per_s
            self._tokens = min(self._burst, self._tokens + gained)
        self._at_s = now_s
        if self._tokens >= 1 and now_s >= self._closed_until_s:
            self._tokens -= 1
            return
        if now_s >= self._closed_until_s:
            missing_s = (1 - self._tokens) / self._per_s
            self._closed_until_s = now_s + max(missing_s, SHORTEST_WAIT_S)
        wait_s = round(self._closed_until_s - now_s, 3)
        raise RateLimited(
            f"Too many {what}: {self._per_s:g} a second are welcome; go on in {wait_s:.1f} s.",
            retry_after=wait_s,
        )
