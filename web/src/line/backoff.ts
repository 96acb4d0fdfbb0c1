/**
 * How long to wait before the next attempt, in milliseconds: exponential, with full jitter, so that
 * the clients of a server that restarts do not all come back in one instant. For the first two minutes
 * without a line, `awayMs`, in which most servers are back, it is 5 s at most, and later 30.
 */
export function backoffMs(attempt: number, chance: number, awayMs = 0, firstMs = 500): number {
  const mostMs = awayMs < 120_000 ? 5_000 : 30_000;
  return chance * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 32));
}
