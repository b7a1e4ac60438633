import { describe, expect, it } from 'vitest'

import { readSilence } from '../residents/station_news'

describe('the news of a station', () => {
  it('is old only where the cloud says that the station is silent, and since when', () => {
    expect(readSilence({ is_silent: true, as_of: '2026-11-22T07:59:00.000Z' })).toBe(Date.parse('2026-11-22T07:59:00Z'))
    expect(readSilence({ is_silent: false, as_of: '2026-11-22T07:59:00.000Z' })).toBeNull()
    expect(readSilence({ is_silent: true, as_of: null })).toBeNull()
    expect(readSilence({ is_silent: true, as_of: 'lately' })).toBeNull()
    expect(readSilence(null)).toBeNull()
  })
})
