import { describe, expect, it } from 'vitest'

import { askAgainMs } from '../shared/clock'

describe('asking again for what goes with the time of the domain', () => {
  it('waits as long as it was told where the clock is the real one, or stands', () => {
    expect(askAgainMs(20_000, 1)).toBe(20_000)
    expect(askAgainMs(20_000, 0)).toBe(20_000)
  })

  it('comes back sooner in a demo that runs fast, and never at once', () => {
    expect(askAgainMs(20_000, 4)).toBe(5000)
    expect(askAgainMs(20_000, 300)).toBe(2000)
    expect(askAgainMs(1000, 300)).toBe(1000)
  })
})
