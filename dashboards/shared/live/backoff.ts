/** When to try again. */

const FIRST_MS = 500 // a gateway restarts in about a second
const LONGEST_MS = 30_000 // a person still looking should not wait longer

/**
 * Milliseconds before try number `attempt` (0 is the first). Doubles up to 30 s; half of it is chance, so that a town's phones
 * do not come back in one instant. `chance` is in [0, 1).
 */
export function backoffMs(attempt: number, chance: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return ceiling / 2 + (ceiling / 2) * chance
}
