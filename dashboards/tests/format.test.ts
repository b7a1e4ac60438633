import { describe, expect, it } from 'vitest'

import { byteCount, clockSeconds, clockTime, dayAfter, dayKey, dayName, daysFrom, dayStart, span } from '../shared/format'

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

  it.each([
    ['2026-11-23', 'Asia/Shanghai', '2026-11-22T16:00:00.000Z'],
    ['2026-11-23', 'America/Sao_Paulo', '2026-11-23T03:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'], // clocks are put on that night
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z'],
  ])('begin the day %s in %s at %s', (key, zone, start) => {
    expect(new Date(dayStart(key, zone)).toISOString()).toBe(start)
  })

  it('follow each other over the ends of months', () => {
    expect([dayAfter('2026-11-30'), dayAfter('2028-02-28')]).toEqual(['2026-12-01', '2028-02-29'])
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
