import { effectScope, nextTick, ref } from 'vue'
import { expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/faults', () => ({ faultText: String }))
vi.stubGlobal('window', { setTimeout: () => 1, clearTimeout: () => undefined })

import { useReplanning } from '../dispatch/replanning'
import { dispatching, type Plan } from '../shared/api/dispatching'
import { Refused } from '../shared/api/http'

const plan = (id: number, state: string): Plan => ({ id, state, base: null, result: null }) as unknown as Plan

it('an answer is compared with what was planned when it was asked for', async () => {
  vi.spyOn(dispatching, 'plans').mockResolvedValue([plan(1, 'committed')])
  vi.spyOn(dispatching, 'plan').mockImplementation((id) => Promise.resolve(plan(id, id === 1 ? 'committed' : 'solving')))
  vi.spyOn(dispatching, 'replan').mockResolvedValue({ smallest: plan(2, 'queued'), best: plan(3, 'queued') })
  const scope = effectScope()
  const replanning = scope.run(() => useReplanning(ref('op'), ref('2026-11-23'), (site) => site))
  if (!replanning) throw new Error('the scope is over')
  await vi.waitFor(() => {
    expect(replanning.committed.value?.id).toBe(1)
  })

  const planned = new Map([['st-1', 9 * 3600]])
  await replanning.ask({ event: { kind: 'breakdown', van: '2' }, pins: [], times: [], moreStops: true }, planned)
  await nextTick()
  expect(replanning.answers.value.map((one) => one.plan.id)).toEqual([2, 3])
  expect([...replanning.planned.value]).toEqual([['st-1', 9 * 3600]])
  scope.stop()
})

it('new times are asked for, and what is refused of them is said of its field and station', async () => {
  vi.spyOn(dispatching, 'plans').mockResolvedValue([plan(1, 'committed')])
  vi.spyOn(dispatching, 'plan').mockResolvedValue(plan(1, 'committed'))
  const fault = { field: 'stations', message: 'st-2 takes goods until 09:00', remedy: '', code: 'times_over', params: { site: 'st-2', end: '09:00', now: '12:00' } }
  const asked = vi.spyOn(dispatching, 'replan').mockRejectedValueOnce(new Refused(422, fault))
  const scope = effectScope()
  const replanning = scope.run(() => useReplanning(ref('op'), ref('2026-11-23'), () => '东门'))
  if (!replanning) throw new Error('the scope is over')
  await vi.waitFor(() => {
    expect(replanning.committed.value?.id).toBe(1)
  })

  const times = [{ site: 'st-2', deliver_from: '06:00', deliver_until: '09:00', priority: 0 }]
  await replanning.ask({ event: { kind: 'new_times' }, pins: [], times, moreStops: false }, new Map())
  expect(asked).toHaveBeenCalledWith(1, { event: { kind: 'new_times' }, pins: [], stations: times, lift_max_stops: false, seconds: 10 })
  expect(replanning.refused.value).toEqual({ field: 'stations', site: 'st-2' })
  expect(replanning.trouble.value).toContain('东门 takes goods')

  replanning.forget()
  expect([replanning.refused.value, replanning.trouble.value]).toEqual([null, ''])
  asked.mockResolvedValue({ smallest: plan(2, 'queued'), best: plan(3, 'queued') })
  await replanning.ask({ event: { kind: 'new_times' }, pins: [], times, moreStops: false }, new Map())
  expect(replanning.answers.value).toHaveLength(2)
  scope.stop()
})
