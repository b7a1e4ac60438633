import { describe, expect, it } from 'vitest'

import { pointAt, spanOf } from '../dispatch/replay'
import { byRisk, readRoom, runsOfVans, worstDelayMin } from '../dispatch/rooms'
import type { Track } from '../shared/api/dispatching'
import type { Room } from '../shared/live/rooms'

const room = (bodies: Record<string, unknown>): Room => ({
  cursor: 1,
  entries: new Map(Object.entries(bodies).map(([key, body]) => [key, { key, at: '', body }])),
})
const at = (time: string): string => `2026-11-23T${time}:00.000Z`
const stop = (number: number, planned: string, arrived: string | null = null) => ({
  stop: number, site: `st-${number}`, state: 'pending', planned_arrival: at(planned), arrived, departed: null,
})
const run = (id: number, more: Record<string, unknown> = {}) => ({
  id, name: `R${id}`, vehicle: `van-${id}`, state: 'departed', off_route_m: null, silent_since: null, stops: [stop(1, '01:00', at('01:02')), stop(2, '02:00')], ...more,
})
const eta = (id: number, expected: string) => ({
  run: id, as_of: at('01:10'), is_estimate: true, stops: [{ stop: 2, stops_before: 0, early: at('01:50'), expected: at(expected), late: at('02:40') }],
})

describe('the room of an operator’s vans', () => {
  it('is read into vans, runs and windows; what this release does not know is passed over', () => {
    const seen = readRoom(
      room({
        'van/van-1': { site: 'van-1', at: at('01:10'), lat: 31.2, lon: 121.4, standing_since: null },
        'van/broken': { site: 'broken', at: at('01:10') },
        'run/1': run(1),
        'eta/1': eta(1, '02:20'),
        'new/thing': { anything: true },
        'run/none': null,
      }),
    )
    expect(seen.vans.map((one) => one.site)).toEqual(['van-1'])
    expect(seen.runs.map((one) => [one.name, one.stops.length])).toEqual([['R1', 2]])
    expect(seen.etas.get(1)?.stops.get(2)?.expected).toBe(at('02:20'))
  })

  it('is read once: what has not changed is the same object, for who shows it', () => {
    const first = room({ 'run/1': run(1), 'eta/1': eta(1, '02:20'), 'van/van-1': { site: 'van-1', at: at('01:10'), lat: 31.2, lon: 121.4 } })
    const moved = { key: 'van/van-1', at: '', body: { site: 'van-1', at: at('01:11'), lat: 31.3, lon: 121.4 } }
    const [before, after] = [readRoom(first), readRoom({ cursor: 2, entries: new Map([...first.entries, ['van/van-1', moved]]) })]
    expect(after.runs[0]).toBe(before.runs[0])
    expect(after.etas.get(1)).toBe(before.etas.get(1))
    expect([before.vans[0]?.lat, after.vans[0]?.lat]).toEqual([31.2, 31.3])
  })

  it('says by how much the worst stop ahead is late, not those it has reached', () => {
    const seen = readRoom(room({ 'run/1': run(1), 'eta/1': eta(1, '02:20') }))
    expect(seen.runs.map((one) => worstDelayMin(one, seen.etas.get(1)))).toEqual([20])
    expect(seen.runs.map((one) => worstDelayMin(one, undefined))).toEqual([0])
  })

  it('has first whom somebody has to look at first: silent, off the way, late', () => {
    const seen = readRoom(
      room({
        'run/1': run(1), 'run/2': run(2), 'eta/2': eta(2, '02:20'), 'run/3': run(3, { off_route_m: 400 }), 'run/4': run(4, { silent_since: at('01:00') }),
      }),
    )
    expect(byRisk(seen).map((one) => one.id)).toEqual([4, 3, 2, 1])
  })
})

describe('the run a van is on', () => {
  const on = (...runs: Record<string, unknown>[]): string | undefined =>
    runsOfVans(readRoom(room(Object.fromEntries(runs.map((one, n) => [`run/${n}`, run(n, { vehicle: 'van-1', ...one })])))).runs).get('van-1')?.name

  it('is the one it drives, whatever else it drove or is to drive', () => {
    expect(on({ name: 'A' }, { name: 'B', state: 'assigned' })).toBe('A')
    expect(on({ name: 'A', state: 'assigned' }, { name: 'B', state: 'paused' }, { name: 'C', state: 'planned' })).toBe('B')
  })

  it('is the one it set off on last, where nobody ended the one before', () => {
    const yesterdays = { name: 'A', stops: [stop(1, '01:00')] }
    const todays = { name: 'B', stops: [stop(1, '05:00')] }
    expect(on(yesterdays, todays)).toBe('B')
    expect(on({ ...todays, name: 'A' }, { ...yesterdays, name: 'B' })).toBe('A')
    expect(on(yesterdays, { name: 'B', stops: [] })).toBe('A')
    expect(on({ name: 'A', stops: [] }, todays)).toBe('B')
  })

  it('is the one it is loaded for, and of those to come the first', () => {
    expect(on({ name: 'A', state: 'assigned' }, { name: 'B', state: 'loading' })).toBe('B')
    const later = { name: 'A', state: 'assigned', stops: [stop(1, '05:00')] }
    expect(on(later, { name: 'B', state: 'assigned', stops: [stop(1, '04:00')] })).toBe('B')
    expect(on({ ...later, stops: [] }, { ...later, name: 'B' })).toBe('B')
  })

  it('is none of a run without a vehicle', () => {
    expect(on({ vehicle: null })).toBeUndefined()
  })
})

describe('a track that is played again', () => {
  const point = (time: string, lat: number) => ({ at: at(time), lat, lon: 121, speed_m_s: null })
  const track: Track = { vehicle: 'van-1', tolerance_m: 10, fixes: 3, is_simplified: false, pieces: [[point('01:00', 31), point('01:10', 32)], [point('01:20', 33)]] }

  it('lasts from the first to the last that was heard', () => {
    expect(spanOf(track)).toEqual({ fromMs: Date.parse(at('01:00')), toMs: Date.parse(at('01:20')) })
    expect(spanOf({ ...track, pieces: [] })).toBeNull()
  })

  it('has a place between two that were heard, and none beyond them but those', () => {
    expect(pointAt(track, Date.parse(at('01:05')))).toEqual({ lat: 31.5, lon: 121 })
    expect(pointAt(track, 0)?.lat).toBe(31)
    expect(pointAt(track, Date.parse(at('05:00')))?.lat).toBe(33)
    expect(pointAt({ ...track, pieces: [] }, 0)).toBeNull()
  })
})
