import { effectScope, nextTick, ref } from 'vue'
import { expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/faults', () => ({ faultText: String }))
vi.stubGlobal('window', { setTimeout: () => 1, clearTimeout: () => undefined })

import { useReplanning } from '../dispatch/replanning'
import { dispatching, type Plan } from '../shared/api/dispatching'

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
  await replanning.ask({ kind: 'breakdown', van: '2' }, [], planned)
  await nextTick()
  expect(replanning.answers.value.map((one) => one.plan.id)).toEqual([2, 3])
  expect([...replanning.planned.value]).toEqual([['st-1', 9 * 3600]])
  scope.stop()
})
