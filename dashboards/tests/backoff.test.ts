import { describe, expect, it } from 'vitest'

import { backoffMs } from '../shared/live/backoff'

describe('backoffMs', () => {
  it('tries again within half a second the first time', () => {
    expect(backoffMs(0, 0)).toBe(250)
    expect(backoffMs(0, 0.999)).toBeLessThan(500)
  })

  it('doubles, and never exceeds 30 s', () => {
    expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 0))).toEqual([250, 500, 1000, 2000])
    expect(backoffMs(10, 1)).toBe(30_000)
    expect(backoffMs(10_000, 1)).toBe(30_000)
  })

  it('spreads comers over half of the time, so that they do not come at once', () => {
    expect(backoffMs(4, 1) - backoffMs(4, 0)).toBe(backoffMs(4, 0))
  })
})
