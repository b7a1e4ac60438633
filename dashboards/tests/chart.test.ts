import { describe, expect, it } from 'vitest'

import { isOutside, lonely, openSpans, summaryOf, valueRange } from '../shared/chart'

const MINUTE = 60_000
const readings = (...value: (number | null)[]): { atMs: number[]; value: (number | null)[] } => ({
  atMs: value.map((_, index) => index * MINUTE),
  value,
})
const CHILLED = { low: 0, high: 5 }

describe('the axis of values', () => {
  it('holds all that was measured and the whole band', () => {
    expect(valueRange(readings(3, 3.5), CHILLED)).toEqual([-1, 6])
    expect(valueRange(readings(3, 26, null), CHILLED)).toEqual([-1, 27])
    expect(valueRange(readings(-21, -20), { low: null, high: -18 })).toEqual([-22, -17])
  })

  it('does not blow up what hardly moves, and is there with nothing measured', () => {
    expect(valueRange(readings(3, 3.2), null)).toEqual([1.1, 5.1])
    expect(valueRange(readings(null), null)).toEqual([0, 4])
  })
})

describe('the summary', () => {
  it('counts what began outside, and never a gap', () => {
    const seen = summaryOf(readings(3, 6, 6, null, 3, 3), CHILLED)
    expect(seen).toEqual({ lowest: 3, highest: 6, observedMs: 3 * MINUTE, outsideMs: MINUTE })
  })

  it('of nothing is nothing', () => {
    expect(summaryOf(readings(), CHILLED)).toEqual({ lowest: null, highest: null, observedMs: 0, outsideMs: 0 })
  })
})

describe('a limit', () => {
  it('itself is inside; a limit that is not there keeps nobody', () => {
    expect([isOutside(5, CHILLED), isOutside(5.1, CHILLED), isOutside(-0.1, CHILLED)]).toEqual([false, true, true])
    expect([isOutside(-40, { low: null, high: -18 }), isOutside(40, null)]).toEqual([false, false])
  })
})

describe('a door', () => {
  it('stands open from the first word to the one that says otherwise, or until now', () => {
    expect(openSpans(readings(0, 1, 1, 0, 1), 9 * MINUTE)).toEqual([
      { fromMs: MINUTE, toMs: 3 * MINUTE },
      { fromMs: 4 * MINUTE, toMs: 9 * MINUTE },
    ])
  })

  it('of which nothing was heard is not called open, but between two words for open it was', () => {
    expect(openSpans(readings(1, null, null), 9 * MINUTE)).toEqual([{ fromMs: 0, toMs: MINUTE }])
    expect(openSpans(readings(1, null, 0), 9 * MINUTE)).toEqual([{ fromMs: 0, toMs: MINUTE }])
    expect(openSpans(readings(1, null, 1, 0), 9 * MINUTE)).toEqual([{ fromMs: 0, toMs: 3 * MINUTE }])
  })
})

describe('a reading between two gaps', () => {
  it('is a dot, for no line shows it', () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5])
    expect(lonely([1])).toEqual([0])
    expect(lonely([])).toEqual([])
  })
})
