import { describe, expect, it } from 'vitest'

import { fillings, hourMinute, hours, km, most, shifts, signed, stepLine, sum, yuan } from '../dispatch/effect'
import type { PlanResult } from '../shared/api/dispatching'

const plan = (times: Record<string, number>): PlanResult =>
  ({ routes: [{ stops: Object.entries(times).map(([site, arrival_s]) => ({ site, arrival_s })) }] }) as unknown as PlanResult

describe('what a move does', () => {
  it('is told in minutes for each arrival that is another, and not for who was not there before', () => {
    const before = plan({ a: 3600, b: 7200, c: 9000 })
    expect(shifts(before, plan({ a: 3600, b: 7800, c: 8400, d: 9000 }))).toEqual(new Map([['b', 10], ['c', -10]]))
    expect(shifts(before, plan({ a: 3600 + 20 }))).toEqual(new Map())
  })

  it('counts zones that are asked for or that there is room for, and says which is too full', () => {
    expect(fillings({ ambient: 3, chilled: 2, frozen: 0 }, { ambient: 5, chilled: 1, frozen: 0 })).toEqual([
      { zone: 'ambient', load: 3, room: 5, isOver: false },
      { zone: 'chilled', load: 2, room: 1, isOver: true },
    ])
    expect(sum([{ ambient: 1, chilled: 2, frozen: 3 }, { ambient: 1, chilled: 0, frozen: 0 }])).toEqual({ ambient: 2, chilled: 2, frozen: 3 })
    expect(most([{ ambient: 1, chilled: 2, frozen: 0 }, { ambient: 3, chilled: 0, frozen: 0 }])).toEqual({ ambient: 3, chilled: 2, frozen: 0 })
  })
})

describe('numbers of a plan', () => {
  it('are written as people read them', () => {
    expect([yuan(123450), yuan(0), yuan(-99), yuan(123456789)]).toEqual(['¥1,234.50', '¥0.00', '−¥0.99', '¥1,234,567.89'])
    expect([km(12345), hours(5400), hourMinute(25 * 3600), hourMinute(29)]).toEqual(['12.3 km', '1.5 h', '25:00', '00:00'])
  })

  it('have their sign where they are differences, and none that cannot be seen', () => {
    expect([signed(yuan, 120), signed(yuan, -120), signed(km, 20), signed(String, 0)]).toEqual(['+¥1.20', '−¥1.20', '±0.0 km', '±0'])
  })
})

describe('the line of a search', () => {
  it('falls in steps from the first cost to the last, over the whole width', () => {
    const line = stepLine([
      { seconds: 0, cost_fen: null },
      { seconds: 1, cost_fen: 300 },
      { seconds: 5, cost_fen: 200 },
      { seconds: 10, cost_fen: 100 },
    ])
    expect(line).toBe('10.0,5.0 50.0,5.0 50.0,50.0 100.0,50.0 100.0,95.0')
  })

  it('is none before two costs are known', () => {
    expect(stepLine([])).toBe('')
    expect(stepLine([{ seconds: 1, cost_fen: 5 }])).toBe('')
  })
})
