"""Token buckets: how often one user may ask for something."""

from hubbub.errors import RateLimited


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_s` of them a second; time is an argument."""

    __slots__ = ("_at_s", "_burst", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at_s: float | None = None

    def take(self, now_s: float, what: str) -> None:
        """Takes one token for `what` (a plural); raises RateLimited, with the wait, if none is."""
        if self._at_s is not None:
            gained = (now_s - self._at_s) * self._per_s
            self._tokens = min(self._burst, self._tokens + gained)
        self._at_s = now_s
        if self._tokens >= 1:
            self._tokens -= 1
            return
        wait_s = round((1 - self._tokens) / self._per_s, 3)
        raise RateLimited(
            f"Too many {what}: {self._per_s:g} a second are welcome; "
            f"go on in {max(wait_s, 0.1):.1f} s.",
            retry_after=wait_s,
        )
