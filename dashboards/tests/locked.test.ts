import { describe, expect, it } from 'vitest'

import { secondsLeft } from '../shared/agent/locked'

const LOCK = { atMs: 1_000_000, count: 60 }

describe('the seconds a lock still holds', () => {
  it('count down to nothing', () => {
    expect(secondsLeft(LOCK, 1_000_000, 1)).toBe(60)
    expect(secondsLeft(LOCK, 1_014_500, 1)).toBe(46)
    expect(secondsLeft(LOCK, 1_060_000, 1)).toBe(0)
    expect(secondsLeft(LOCK, 9_000_000, 1)).toBe(0)
  })

  it('are real ones in a town that runs thirty times as fast, or stands still', () => {
    expect(secondsLeft(LOCK, 1_000_000 + 30 * 20_000, 30)).toBe(40)
    expect(secondsLeft(LOCK, 1_000_000, 0)).toBe(60)
  })

  it('are never more than the agent said, though the page’s clock is behind', () => {
    expect(secondsLeft(LOCK, 990_000, 1)).toBe(60)
  })
})
