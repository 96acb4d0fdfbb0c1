"""How long to wait before the next attempt: exponential, with full jitter.

Thousands of clients lose a restarting server in the same instant; without the jitter they would
also all come back in the same instant.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Bounds in seconds: the first wait is up to `first_s`, later ones double up to `most_s`.

    For the first `early_s` without a line, when most servers are back, the bound is `early_most_s`.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    early_most_s: float = 5.0
    early_s: float = 120.0

    def delay_s(self, attempt: int, chance: float, away_s: float = 0.0) -> float:
        """The wait before an attempt, counted from 0; `chance` is random between 0 and 1.

        `away_s` is how long there has been no line.
        """
        early = away_s < self.early_s
        most_s = min(self.most_s, self.early_most_s) if early else self.most_s
        return chance * min(most_s, self.first_s * 2.0 ** min(attempt, 32))
