import { describe, expect, it } from 'vitest'

import type { Entries, Entry } from '../shared/live/protocol'
import { EMPTY_ROOM, fold } from '../shared/live/rooms'

const entry = (key: string, body: unknown): Entry => ({ key, at: '2026-11-22T23:20:00Z', body })
const frame = (cursor: number, entries: Entry[], snapshot = false): Entries => ({ type: 'entries', room: 'r', cursor, snapshot, entries })

describe('fold', () => {
  it('takes the newest state of each key', () => {
    const room = fold(fold(EMPTY_ROOM, frame(1, [entry('a', 1), entry('b', 2)], true)), frame(2, [entry('a', 3)]))
    expect(room.cursor).toBe(2)
    expect([...room.entries.values()].map((each) => each.body)).toEqual([3, 2])
  })

  it('passes over a frame that is not newer, so that a straggler never turns the page back', () => {
    const room = fold(EMPTY_ROOM, frame(5, [entry('a', 'new')], true))
    expect(fold(room, frame(5, [entry('a', 'same')]))).toBe(room)
    expect(fold(room, frame(4, [entry('a', 'old')]))).toBe(room)
  })

  it('forgets what left the room', () => {
    const room = fold(fold(EMPTY_ROOM, frame(1, [entry('a', 1), entry('b', 2)], true)), frame(2, [entry('a', null)]))
    expect([...room.entries.keys()]).toEqual(['b'])
  })

  it('takes a snapshot with a lower cursor: the cloud was restored', () => {
    const room = fold(fold(EMPTY_ROOM, frame(9, [entry('a', 1)], true)), frame(3, [entry('b', 2)], true))
    expect(room.cursor).toBe(3)
    expect([...room.entries.keys()]).toEqual(['b'])
  })

  it('leaves the room it was given as it was', () => {
    const before = fold(EMPTY_ROOM, frame(1, [entry('a', 1)], true))
    fold(before, frame(2, [entry('a', 2)]))
    expect(before.entries.get('a')?.body).toBe(1)
  })
})
