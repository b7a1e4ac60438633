import { describe, expect, it } from 'vitest'

import { forget, keep, keepCode, keepTail, keptCode, keptTail, lastKept, type Shelf } from '../residents/kept'
import type { TrackedOrder } from '../shared/api/order'

class MemoryShelf implements Shelf {
  private readonly kept = new Map<string, string>()
  constructor(private readonly room = Infinity) {}
  get length(): number {
    return this.kept.size
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    if (value.length > this.room) throw new Error('full')
    this.kept.set(key, value)
  }
  removeItem(key: string): void {
    this.kept.delete(key)
  }
}

const tracked: TrackedOrder = {
  reminder: { at: '2026-11-23T10:00:00.000Z', day: '2026-11-23', by: '王姐' },
  order: {
    order_id: 'op/1',
    external_id: '1',
    state: 'ready',
    state_at: '',
    site: { id: 'st-1', name: 'A', address: 'B' },
    pickup_date: '2026-11-23',
    lines: [],
    parcels: [],
    timeline: [],
    counts: null,
  },
  room: 'order:op/1',
  cursor: 4,
  liveUrl: 'ws://here/live',
  clock: { now_ms: 1, rate: 1, simulated: false },
  timeZone: 'Asia/Shanghai',
  pickupUntil: '21:00',
}

describe('the last view', () => {
  it('is found again with its time, and only by its own link', () => {
    const shelf = new MemoryShelf()
    keep(shelf, 'token', { tracked, asOfMs: 77 }, 1)
    expect(lastKept(shelf, 'token')).toEqual({ tracked, asOfMs: 77 })
    expect(lastKept(shelf, 'another')).toBeNull()
  })

  it('does not write the link down', () => {
    const shelf = new MemoryShelf()
    keep(shelf, 'very-secret-token', { tracked, asOfMs: 77 }, 1)
    expect(shelf.key(0)).not.toContain('secret')
    expect(shelf.getItem(shelf.key(0) ?? '')).not.toContain('secret')
  })

  it('makes room by dropping the oldest', () => {
    const shelf = new MemoryShelf()
    for (let index = 0; index < 8; index += 1) keep(shelf, `token ${String(index)}`, { tracked, asOfMs: index }, index)
    expect(shelf.length).toBe(5)
    expect(lastKept(shelf, 'token 0')).toBeNull()
    expect(lastKept(shelf, 'token 7')).not.toBeNull()
  })

  it('is simply not there where it could not be kept, was forgotten, or is broken', () => {
    const full = new MemoryShelf(10)
    keep(full, 'token', { tracked, asOfMs: 1 }, 1)
    expect(lastKept(full, 'token')).toBeNull()
    const shelf = new MemoryShelf()
    keep(shelf, 'token', { tracked, asOfMs: 1 }, 1)
    shelf.setItem(shelf.key(0) ?? '', '{broken')
    expect(lastKept(shelf, 'token')).toBeNull()
    keep(shelf, 'token', { tracked, asOfMs: 1 }, 1)
    forget(shelf, 'token')
    expect(shelf.length).toBe(0)
  })
})

describe('the pickup code on the phone', () => {
  const code = { code: '4829 1306', qrRows: ['101', '010'], until: '2026-11-22T13:00:00.000Z', asOfMs: 5 }

  it('is there again after a reload, and gone with the order', () => {
    const shelf = new MemoryShelf()
    keepCode(shelf, 'token', code)
    keepTail(shelf, 'token', '5678')
    expect(keptCode(shelf, 'token')).toEqual(code)
    expect([keptTail(shelf, 'token'), keptTail(shelf, 'another')]).toEqual(['5678', ''])
    forget(shelf, 'token')
    expect([keptCode(shelf, 'token'), keptTail(shelf, 'token')]).toEqual([null, ''])
  })

  it('is asked for again where what was kept is no code, or there is no room', () => {
    const shelf = new MemoryShelf()
    keepCode(shelf, 'token', { ...code, asOfMs: 'x' as unknown as number })
    expect(keptCode(shelf, 'token')).toBeNull()
    const full = new MemoryShelf(1)
    keepCode(full, 'token', code)
    keepTail(full, 'token', '5678')
    expect([keptCode(full, 'token'), keptTail(full, 'token')]).toEqual([null, ''])
    keepCode(shelf, 'token', null)
    keepTail(shelf, 'token', '')
    expect(shelf.length).toBe(0)
  })
})
