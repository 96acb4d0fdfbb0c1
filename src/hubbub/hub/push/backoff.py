"""Push services that do not answer, and people whose notices fail, are left alone for a while.

Otherwise one person with a push service of their own that never answers would hold up everybody
else's notices, ten seconds at a time.
"""

from collections import OrderedDict

from hubbub.hub.ports import Clock

FIRST_S = 30.0
LONGEST_S = 3600.0
KEPT = 1000


class Backoff:
    """Who rests until when; of `KEPT` at most, of which the longest known give way."""

    def __init__(self, clock: Clock, *, patience: int) -> None:
        """`patience` is how many failures in a row are let pass before the first rest."""
        self._clock = clock
        self._patience = patience
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def resting(self, who: str) -> bool:
        """Whether nothing is sent there for now."""
        _, until_s = self._failures.get(who, (0, 0.0))
        return self._clock.steady_s() < until_s

    def failed(self, who: str) -> None:
        """One more failure: the next rest is twice as long, up to `LONGEST_S`."""
        count = self._failures.pop(who, (0, 0.0))[0] + 1
        rest_s = 0.0
        if count > self._patience:
            # The exponent is bounded before the power: floats end at 2.0 ** 1024.
            rest_s = min(FIRST_S * 2 ** min(count - self._patience - 1, 20), LONGEST_S)
        self._failures[who] = (count, self._clock.steady_s() + rest_s)
        if len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def went_well(self, who: str) -> None:
        """Forgets the failures."""
        self._failures.pop(who, None)
