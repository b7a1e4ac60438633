import { describe, expect, it } from 'vitest'

import { queueOf } from '../shared/agent/queue'

const lanes = (event: number, live: number, backfill: number) => [
  { name: 'event', unsent: event, oldestMs: null },
  { name: 'live', unsent: live, oldestMs: null },
  { name: 'backfill', unsent: backfill, oldestMs: null },
]

describe('what waits to be sent', () => {
  it('is never called all sent without a line', () => {
    expect(queueOf({ isOnline: false, lanes: lanes(0, 0, 0) })).toBe('queue.offline.none')
    expect(queueOf({ isOnline: false, lanes: lanes(0, 0, 217) })).toBe('queue.offline.readings')
    expect(queueOf({ isOnline: false, lanes: lanes(3, 1, 217) })).toBe('queue.offline.count')
  })

  it('is all sent with a line once the scans and what an outage left are', () => {
    expect(queueOf({ isOnline: true, lanes: lanes(3, 1, 217) })).toBe('queue.count')
    expect(queueOf({ isOnline: true, lanes: lanes(0, 1, 217) })).toBe('queue.readings')
    expect(queueOf({ isOnline: true, lanes: lanes(0, 1, 0) })).toBe('queue.none')
  })
})
