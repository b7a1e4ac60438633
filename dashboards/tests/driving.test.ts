import { describe, expect, it } from 'vitest'

import { type ActAnswer, again, type DriverMeet, type DriverStop, nextStop, type Queue, refused, type Said, seen, seenMeets, settled, toSend, waiting } from '../driver/acts'
import { keepActs, keptActs, runOf, type Shelf, unsentElsewhere } from '../driver/kept'
import { waysTo } from '../driver/way'
import { countsOf, isMet } from '../shared/transfer'

const said = (key: string, more: Partial<Said> = {}): Said => ({
  key, atMs: 1_000, kind: 'handed_over', stop: 1, site: 'st-1', name: '一号店', reason: '', note: '', containers: [], fault: null, ...more,
})
const stop = (number: number, more: Partial<DriverStop> = {}): DriverStop => ({
  stop: number, site: `st-${number}`, name: `店 ${number}`, address: '', gate_note: '', lat: 31.2, lon: 121.5, state: 'pending',
  planned_arrival: null, arrived_at: null, window: null, drop: [], unlabelled: null, empties: [], ...more,
})
const fault = { field: 'site', message: 'gone', remedy: 'call', code: 'not_of_run', params: {} }
const answer = (key: string, outcome: ActAnswer['outcome']): ActAnswer => ({ key, outcome, error: outcome === 'refused' ? fault : null })

class Paper implements Shelf {
  readonly kept = new Map<string, string>()
  isFull = false
  get length(): number {
    return this.kept.size
  }
  key = (index: number): string | null => [...this.kept.keys()][index] ?? null
  getItem = (key: string): string | null => this.kept.get(key) ?? null
  setItem = (key: string, value: string): void => {
    if (this.isFull) throw new Error('full')
    this.kept.set(key, value)
  }
  removeItem = (key: string): void => {
    this.kept.delete(key)
  }
}

describe('goods that change vans', () => {
  const crate = (id: string, isDone = false) => ({ id, zone: 'chilled', site: 'st-1', name: '店', stop: 2, is_done: isDone })
  const meet = {
    is_taking: true, other_run: 'R1', other_van: '一号车', near: '店', lat: 31.2, lon: 121.5, at: '2026-11-23T01:00:00Z',
    containers: [crate('K1'), crate('K2'), crate('K3', true)],
    unlabelled: [],
  }

  it('are aboard once the driver has said so, sent or not; a refusal takes it back', () => {
    const done = (queue: Queue): boolean[] => seenMeets([meet], queue).flatMap((one) => one.containers.map((each) => each.is_done))
    expect(done([])).toEqual([false, false, true])
    expect(done([said('a', { kind: 'taken_over', containers: ['K1'] }), said('b', { containers: ['K2'] })])).toEqual([true, false, true])
    expect(done([said('a', { kind: 'taken_over', containers: ['K1'], fault })])).toEqual([false, false, true])
  })

  it('may have no labels: then they go by their station and count by what was asked for', () => {
    const loose = { site: 'st-9', name: '新店', stop: 4, load: { ambient: 2, chilled: 1, frozen: 0 }, is_done: false }
    const fetch = { ...meet, containers: [], unlabelled: [loose] }
    expect([countsOf(fetch), isMet(fetch)]).toEqual([{ n: 3, done: 0 }, false])
    const [told] = seenMeets([fetch], [said('a', { kind: 'taken_over', site: 'st-9' })])
    expect(told && [countsOf(told), isMet(told)]).toEqual([{ n: 3, done: 3 }, true])
    const [other] = seenMeets([fetch], [said('a', { kind: 'taken_over', site: 'st-8' }), said('b', { kind: 'handed_over', site: 'st-9' })])
    expect(other && isMet(other)).toBe(false)
    const kept = { ...meet, unlabelled: undefined } as unknown as DriverMeet // by an earlier release of the page
    expect(seenMeets([kept], [])[0]?.unlabelled).toEqual([])
  })

  it('change nothing of their stop', () => {
    for (const state of ['pending', 'skipped']) {
      expect(seen([stop(4, { site: 'st-1', state })], [said('a', { kind: 'taken_over', containers: ['K1'] })])[0]?.state).toBe(state)
    }
  })
})

describe('what a driver said', () => {
  it('is sent in its order, with its own times, and what was refused is not', () => {
    const queue = [said('a', { atMs: 1 }), said('b', { fault }), said('c', { atMs: 3 })]
    expect(toSend(queue, 9)?.acts.map((one) => [one.key, one.at_ms])).toEqual([['a', 1], ['c', 3]])
    expect(toSend([said('b', { fault })], 9)).toBeNull()
  })

  it('leaves only by an answer: taken before or now, it is gone; refused, it stays with why; unanswered, it waits', () => {
    const queue = [said('a'), said('b'), said('c'), said('d')]
    const after = settled(queue, [answer('a', 'done'), answer('b', 'already'), answer('c', 'refused')])
    expect(waiting(after).map((one) => one.key)).toEqual(['d'])
    expect(refused(after).map((one) => [one.key, one.fault?.code])).toEqual([['c', 'not_of_run']])
  })

  it('waits again under the same key and in its place where the driver says so', () => {
    expect(again([said('a', { fault }), said('b')], 'a')).toEqual([said('a'), said('b')])
  })

  it('is seen on its stop before it is sent, by its site where stops were numbered anew', () => {
    const stops = [stop(1), stop(2, { empties: ['K1', 'K2'] }), stop(3)]
    const queue: Queue = [said('a', { stop: 7 }), said('b', { kind: 'taken_back', stop: 2, site: 'st-2', containers: ['K1'] })]
    const shown = seen(stops, queue)
    expect(shown.map((one) => one.state)).toEqual(['signed', 'pending', 'pending'])
    expect(shown[1]?.empties).toEqual(['K2'])
    expect(nextStop(shown)?.stop).toBe(2)
  })

  it('does not take a stop back: who arrives after the hand-over was there before it', () => {
    expect(seen([stop(1, { state: 'signed' })], [said('a', { kind: 'arrived' })])[0]?.state).toBe('signed')
  })

  it('tells two stops at one station apart by their numbers', () => {
    const twice = [stop(1), stop(2, { site: 'st-1' })]
    expect(seen(twice, [said('a', { stop: 2 })]).map((one) => one.state)).toEqual(['pending', 'signed'])
  })
})

describe('what the phone keeps', () => {
  it('is found again by a newer link to the same run', () => {
    const token = (version: number): string => `${btoa(JSON.stringify(['41', 1_764_000_000_000, version]))}.c2ln`
    const paper = new Paper()
    expect(keepActs(paper, runOf(token(1)), [said('a')])).toBe(true)
    expect(keptActs(paper, runOf(token(2)))).toEqual([said('a')])
    expect(unsentElsewhere(paper, '42')).toBe(1)
    expect(runOf('none of ours')).toMatch(/^t/)
  })

  it('says so where nothing can be kept, and passes over what it cannot read', () => {
    const paper = new Paper()
    paper.kept.set('tt-driver-acts-1', JSON.stringify([{ key: 'x' }, said('a')]))
    expect(keptActs(paper, '1')).toEqual([said('a')])
    paper.isFull = true
    expect(keepActs(paper, '1', [said('b')])).toBe(false)
  })
})

describe('the way to a stop', () => {
  it('is handed to the phone in WGS-84, and to AMap saying so', () => {
    const [phone, amap] = waysTo(stop(1, { name: '东门店' }))
    expect(phone?.href).toBe('geo:31.2,121.5?q=31.2,121.5(%E4%B8%9C%E9%97%A8%E5%BA%97)')
    expect(amap?.href).toContain('to=121.5,31.2,')
    expect(amap?.href).toContain('coordinate=wgs84')
  })

  it('is the address where nobody knows the place', () => {
    expect(waysTo(stop(1, { lat: null, lon: null, address: '长宁路 1 号' }))).toEqual([
      { app: 'phone', href: `geo:0,0?q=${encodeURIComponent('长宁路 1 号 店 1')}` },
    ])
  })
})
