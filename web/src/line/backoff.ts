/**
 * How long to wait before the next attempt, in milliseconds: exponential, with full jitter, so that
 * the clients of a server that restarts do not all come back in one instant.
 */
export function backoffMs(attempt: number, chance: number, firstMs = 500, mostMs = 30_000): number {
  return chance * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 32));
}
