import { afterEach, describe, expect, it, vi } from 'vitest'

const chosen = vi.hoisted(() => ({ value: 'zh' }))
vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  const texts = (zh: Record<string, string>, en: Record<string, string>) => (key: string, values: Record<string, string | number> = {}) =>
    fill((chosen.value === 'zh' ? zh : en)[key] ?? '', values)
  return { language: chosen, texts }
})

import { paceSaid } from '../dispatch/pace_words'
import type { Roads } from '../shared/api/cloud'

const EVEN = Array.from({ length: 24 }, () => 1)
const roads = (more: Partial<Roads>): Roads =>
  ({ is_estimate: false, pace: { factor: 1.2, by_hour: EVEN }, pace_from: 'guess', pace_at: null, pace_legs: null, ...more }) as Roads

describe('how fast a new plan takes vans to be', () => {
  afterEach(() => {
    chosen.value = 'zh'
  })

  it('is told with where it is from, in both languages', () => {
    expect(paceSaid(roads({}))).toEqual([expect.stringContaining('1.20 倍计算：这是初始值')])
    const learned = roads({ pace: { factor: 1.37, by_hour: EVEN }, pace_from: 'learned', pace_at: '2026-11-22T23:10:00Z', pace_legs: 812 })
    expect(paceSaid(learned)).toEqual(['行驶时间按路网时间的 1.37 倍计算，由近 28 天的 812 段实际行程学得（11月23日 周一 07:10 更新）。'])
    expect(paceSaid(roads({ pace_from: 'set', pace_at: '2026-11-22T23:10:00Z' }))[0]).toContain('人工设定')
    chosen.value = 'en'
    expect(paceSaid(learned)).toEqual([
      'Driving takes 1.37 times what the roads say, learned from 812 legs that vans drove in the last 28 days (Mon 23 Nov 07:10).',
    ])
  })

  it('names the hours that differ, and none where they hardly do', () => {
    const hours = EVEN.map((one, hour) => (hour === 8 ? 1.21 : hour === 11 ? 0.94 : one))
    expect(paceSaid(roads({ pace: { factor: 1.3, by_hour: hours } }))[1]).toBe('8 点最慢（全天的 1.21 倍），11 点最快（0.94 倍）。')
    expect(paceSaid(roads({ pace: { factor: 1.3, by_hour: EVEN.map((one, hour) => (hour === 8 ? 1.02 : one)) } }))).toHaveLength(1)
  })

  it('is not told of straight lines, which have none', () => {
    expect(paceSaid(roads({ is_estimate: true }))).toEqual([])
  })
})
