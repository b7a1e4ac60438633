import { describe, expect, it } from 'vitest'

import { hopsOf, newsOf, numberOf, printable, spaced } from '../town/way'
import { readSeries } from '../shared/series'

const HOPS = { sent_hex: '5d4330410d0a', sent_ms: 1000.5, heard_ms: 1001, booked_ms: 1004.5, event: 'st-1/0b0c/17' }

describe('the way of one scan', () => {
  it('names the number in the outbox, and none where nothing was booked', () => {
    expect(numberOf('st-1/0b0c/17')).toBe(17)
    expect(numberOf('')).toBeNull()
  })

  it('takes the first news of its parcel that was committed after it was booked', () => {
    const news = [
      { key: 'parcel/A', version: 1_030_000, cameMs: 1031 },
      { key: 'parcel/A', version: 1_010_000, cameMs: 1012 },
      { key: 'parcel/B', version: 1_006_000, cameMs: 1007 },
      { key: 'parcel/A', version: 900_000, cameMs: 901 },
    ]
    expect(newsOf('A', HOPS, news)).toEqual(news[1])
    expect(newsOf('C', HOPS, news)).toBeNull()
  })

  it('measures from hop to hop and leaves open what has not come to pass', () => {
    const came = { key: 'parcel/A', version: 1_010_000, cameMs: 1012 }
    expect(hopsOf(HOPS, came).map((hop) => hop.tookMs)).toEqual([null, 0.5, 3.5, 5.5, 2])
    expect(hopsOf(HOPS, null).map((hop) => hop.atMs)).toEqual([1000.5, 1001, 1004.5, null, null])
    expect(hopsOf({ ...HOPS, heard_ms: 0 }, null)[2]?.tookMs).toBeNull()
  })

  it('shows bytes as they are and as text', () => {
    expect(spaced(HOPS.sent_hex)).toBe('5d 43 30 41 0d 0a')
    expect(printable(HOPS.sent_hex)).toBe(']C0A··')
  })
})

describe('a step of a chart', () => {
  it('hides no excursion, in either direction', () => {
    const series = [
      { at: '2026-11-24T00:00:00Z', low: 2, mean: 3, high: 4 },
      { at: '2026-11-24T00:01:00Z', low: 2, mean: 3, high: 9 },
      { at: '2026-11-24T00:02:00Z', low: -3, mean: 1, high: 4 },
      { at: '2026-11-24T00:03:00Z', low: null, mean: null, high: null },
    ]
    expect(readSeries(series, { low: 0, high: 5 }).value).toEqual([3, 9, -3, null])
    expect(readSeries(series, null).value).toEqual([3, 3, 1, null])
  })
})
