import { describe, expect, it } from 'vitest'

import { byteCount, clockSeconds, clockTime, dayKey, dayName, daysFrom, span } from '../shared/format'

const MORNING = Date.parse('2026-11-22T23:20:05Z') // 07:20:05 on the 23rd in Shanghai

describe('times', () => {
  it('are those of the operator’s zone, not of the reader’s', () => {
    expect(clockTime(MORNING, 'zh')).toBe('07:20')
    expect(clockSeconds(MORNING, 'en')).toBe('07:20:05')
    expect(clockTime(MORNING, 'zh', 'Asia/Urumqi')).toBe('05:20')
    expect(clockTime(Date.parse('2026-11-22T16:00:00Z'), 'zh')).toBe('00:00')
  })

  it('name the day in both languages', () => {
    expect(dayName(MORNING, 'zh')).toBe('11月23日 周一')
    expect(dayName(MORNING, 'en')).toBe('Mon 23 Nov')
  })

  it('count days by the calendar of the zone', () => {
    expect(dayKey(MORNING)).toBe('2026-11-23')
    expect(daysFrom('2026-11-23', MORNING)).toBe(0)
    expect(daysFrom('2026-11-24', MORNING)).toBe(1)
    expect(daysFrom('2026-11-23', MORNING, 'UTC')).toBe(1)
  })
})

describe('span', () => {
  it.each([
    [-5, '0 s'],
    [45_000, '45 s'],
    [12 * 60_000, '12 min'],
    [3 * 3_600_000, '3 h'],
    [72 * 3_600_000, '3 d'],
  ])('reads %i ms as %s', (ms, text) => {
    expect(span(ms, 'en')).toBe(text)
  })
})

describe('span in Chinese', () => {
  it('has Chinese units', () => {
    expect(span(12 * 60_000, 'zh')).toBe('12 分钟')
  })
})

describe('byteCount', () => {
  it('uses the largest fitting unit', () => {
    expect([512, 2048, 10 * 1024 * 1024].map(byteCount)).toEqual(['512 B', '2.0 KiB', '10.0 MiB'])
  })
})
