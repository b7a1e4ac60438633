import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { asOfText, bringsText, stateTexts, whenText } from '../pickup/coming'
import { readStatus } from '../shared/agent/agent'

const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 29, hour - 8, minute) // in China
const read = (van: object) => {
  const status = readStatus({ coming: { said_ms: at(7, 40), vans: [{ run: 'A1', state: 'departed', ...van }] } })
  const [first] = status?.coming.vans ?? []
  if (!first) throw new Error('no van was read')
  return first
}

describe('a van that comes', () => {
  it('has a window while it is under way, with as of when, and what it brings', () => {
    const van = read({
      early_ms: at(8, 10), late_ms: at(8, 40), stops_before: 3, as_of_ms: at(7, 32), containers: { frozen: 1, ambient: 4 },
    })
    expect(whenText(van)).toBe('08:10–08:40 到')
    expect(stateTexts(van, at(7, 41))).toEqual(['还有 3 站'])
    expect(bringsText(van)).toBe('常温 4 箱 · 冷冻 1 箱')
    expect(asOfText(van, at(7, 40))).toBe('截至 07:32')
    expect(stateTexts(van, at(8, 41))).toEqual(['预计时间已过，还没听说到站'])
  })

  it('is told in whole minutes that hold its window', () => {
    const van = read({ early_ms: at(8, 10) + 50_000, late_ms: at(8, 40) + 10_000, stops_before: 3, as_of_ms: at(7, 32) })
    expect(whenText(van)).toBe('08:10–08:41 到')
    expect(stateTexts(van, at(8, 40) + 30_000)).toEqual(['还有 3 站'])
  })

  it('has the time of the plan before, and says that nobody has heard it', () => {
    const van = read({ state: 'assigned', planned_ms: at(9, 5) })
    expect([whenText(van), ...stateTexts(van, at(7, 41))]).toEqual(['计划 09:05 到', '还没发车'])
    expect(bringsText(van)).toBe('清单里没有要带来的筐')
    expect(asOfText(van, at(7, 40))).toBe('截至 07:40')
    expect(whenText(read({}))).toBe('到达时间还不知道')
    expect(stateTexts(read({ planned_ms: at(9, 5) }), at(7, 41))).toEqual(['已发车，还没有位置'])
  })

  it('is next, or stands, in words', () => {
    const van = read({ state: 'paused', early_ms: at(8, 10), late_ms: at(8, 40), stops_before: 0, is_estimate: true, as_of_ms: at(8, 0) })
    expect(stateTexts(van, at(8, 1))).toEqual(['路上暂停', '下一站就到'])
    expect(asOfText(van, 0)).toBe('截至 08:00 · 按直线估算')
  })

  it('was never told of by an older agent', () => {
    expect(readStatus({})?.coming).toEqual({ saidMs: 0, vans: [] })
  })
})
