import { describe, expect, it } from 'vitest'

import { happeningOf, isAhead, newForm, plannedOf, shiftsOf, sumsOf, timesAsked, timesFault, timesOf, vanOf } from '../dispatch/replan'
import type { RunSeen, StopSeen } from '../dispatch/rooms'
import type { Crates, Plan, PlanResult } from '../shared/api/dispatching'
import { countsOf } from '../shared/transfer'

const MIDNIGHT = Date.parse('2026-11-22T16:00:00Z')
const stop = (number: number, planned: string | null, more: Partial<StopSeen> = {}): StopSeen => ({
  stop: number, site: `st-${number}`, state: 'pending', planned: planned === null ? null : `2026-11-23T${planned}:00Z`, arrived: null, departed: null, ...more,
})
const run = (stops: readonly StopSeen[]): RunSeen => ({ id: 1, name: 'R1', vehicle: 'van-1', state: 'departed', offRouteM: null, silentSince: null, stops })
const at = (site: string, arrival_s: number) => ({ site, name: site, trip: 1, arrival_s, departure_s: arrival_s + 300, load: { ambient: 1, chilled: 0, frozen: 0 } })
const result = (stops: readonly ReturnType<typeof at>[], more: Partial<PlanResult> = {}): PlanResult =>
  ({ routes: [{ van: '2', stops }], unassigned: [], moves: [], late_if_slower: 0, cost_fen: 100, ...more }) as unknown as PlanResult
const crates = (...done: boolean[]): Crates =>
  ({ containers: done.map((is_done, n) => ({ container: `K${n}`, site: 'st-1', zone: 'chilled', is_done })), unlabelled: [] }) as unknown as Crates

describe('what has happened', () => {
  it('is asked for once everything is said', () => {
    expect(happeningOf(newForm('breakdown', ''))).toBeNull()
    expect(happeningOf(newForm('breakdown', '2'))).toEqual({ kind: 'breakdown', van: '2' })
    expect(happeningOf(newForm('delay', '2'))).toEqual({ kind: 'delay', van: '2', minutes: 30 })
    expect(happeningOf({ ...newForm('delay', '2'), minutes: '' })).toBeNull()
    expect(happeningOf({ ...newForm('closed_station', '2'), site: 'st-1' })).toEqual({ kind: 'closed_station', site: 'st-1', until: null })
    expect(happeningOf({ ...newForm('closed_station', '2'), site: 'st-1', until: '11:00' })).toMatchObject({ until: '11:00' })
    expect(happeningOf(newForm('new_stop', '2'))).toBeNull()
    expect(happeningOf({ ...newForm('new_stop', '2'), site: 'st-9' })).toMatchObject({ kind: 'new_stop', site: 'st-9', load: null })
  })
})

describe('stations that take goods at other times', () => {
  const plan = { day: { stations: [{ site: 'st-1', from_s: 6 * 3600, to_s: 15.5 * 3600 }, { site: 'st-2', from_s: 0, to_s: 24 * 3600 }] } } as unknown as Plan
  const row = (from: string, to: string) => ({ site: 'st-1', from, to })

  it('begin with what was planned, as far as a field can show it', () => {
    expect([timesOf(plan, 'st-1'), timesOf(plan, 'st-2'), timesOf(plan, 'st-9')]).toEqual([
      { from: '06:00', to: '15:30' }, { from: '00:00', to: '23:59' }, { from: '', to: '' },
    ])
  })

  it('are asked for once all of them are said, and none ends before it begins', () => {
    expect([row('11:00', '12:00'), row('12:00', '11:00'), row('11:00', '11:00'), row('', '12:00'), { ...row('11:00', '12:00'), site: '' }].map(timesFault)).toEqual([
      null, 'reversed', 'reversed', 'missing', 'missing',
    ])
    const form = newForm('new_times', '2')
    expect([form.times.length, happeningOf(form), happeningOf({ ...form, times: [] })]).toEqual([1, null, null])
    expect(happeningOf({ ...form, times: [row('12:00', '11:00')] })).toBeNull()
    const said = { ...form, times: [row('11:00', '12:00')] }
    expect(happeningOf(said)).toEqual({ kind: 'new_times' })
    expect(timesAsked(said)).toEqual([{ site: 'st-1', deliver_from: '11:00', deliver_until: '12:00', priority: 0 }])
  })

  it('may be said with whatever else has happened', () => {
    const form = newForm('breakdown', '2')
    expect(timesAsked(form)).toEqual([])
    expect(happeningOf({ ...form, times: [row('12:00', '11:00')] })).toBeNull()
    expect(happeningOf({ ...form, times: [row('11:00', '12:00')] })).toEqual({ kind: 'breakdown', van: '2' })
  })
})

describe('what an answer changes', () => {
  const runs = [run([stop(1, '00:30', { arrived: '2026-11-23T00:31:00Z' }), stop(2, '01:00'), stop(3, '01:30'), stop(4, null), stop(5, '02:00', { state: 'skipped' })])]

  it('is told of stops ahead, by the minute against what was planned', () => {
    const planned = plannedOf(runs, MIDNIGHT)
    expect([...planned]).toEqual([['st-2', 9 * 3600], ['st-3', 9.5 * 3600]])
    const shifts = shiftsOf(result([at('st-2', 9 * 3600 + 20), at('st-3', 10 * 3600), at('st-9', 11 * 3600)]), planned)
    expect(shifts.map((one) => [one.site, one.min, one.wasS])).toEqual([['st-3', 30, 9.5 * 3600], ['st-9', 0, null]])
  })

  it('comes to sums', () => {
    const planned = plannedOf(runs, MIDNIGHT)
    const moves = [{ kind: 'van' }, { kind: 'taken_on' }, { kind: 'turn' }, { kind: 'left_out' }] as unknown as PlanResult['moves']
    const all = result([at('st-2', 9 * 3600 + 300), at('st-3', 10 * 3600)], { moves, late_if_slower: 2 })
    expect(sumsOf(all, shiftsOf(all, planned), [crates(true, false), crates(false)])).toEqual({ moved: 2, later: 1, latestMin: 30, left: 0, risk: 2, crates: 3 })
    expect(countsOf(crates(true, false))).toEqual({ n: 2, done: 1 })
    const unlabelled = { site: 'st-9', load: { ambient: 2, chilled: 1, frozen: 0 }, is_done: true }
    expect(countsOf({ ...crates(false), unlabelled: [unlabelled] })).toEqual({ n: 4, done: 3 })
  })

  it('leaves stops alone that were reached, as fixes or people say', () => {
    expect([stop(1, null), stop(1, null, { state: 'signed' }), stop(1, null, { state: 'at_stop' }), stop(1, null, { state: 'skipped' })].map(isAhead)).toEqual([true, false, false, false])
  })
})

it('a run’s van is the committed plan’s', () => {
  const plan = { run_of_van: { '1': 'R1', '2': 'R2' } } as unknown as Plan
  expect([vanOf(plan, 'R2'), vanOf(plan, 'R9'), vanOf(null, 'R1')]).toEqual(['2', '', ''])
})
