import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Fault } from '../shared/api/http'
import { causeText, saidOf } from '../shared/i18n/faults'

const chosen = vi.hoisted(() => ({ value: 'zh' }))
vi.mock('../shared/i18n/text', () => ({ language: chosen, texts: () => (key: string) => key }))

const fault = (code: string, params: Fault['params'] = {}): Fault => ({
  field: 'site',
  message: 'st-9 is no station of op',
  remedy: 'register it',
  code,
  params,
})

describe('a fault on a Chinese page', () => {
  afterEach(() => {
    chosen.value = 'zh'
  })

  it('is said in Chinese by its code, with its parameters', () => {
    expect(saidOf(fault('no_station', { site: 'st-9', operator: 'op' }))).toEqual({
      message: 'st-9 不是这个运营方的自提点',
      remedy: '请先登记这个自提点，或改正编号',
    })
  })

  it('knows a date that is none, in whatever way it is none', () => {
    expect(saidOf(fault('invalid.date_from_datetime_inexact')).message).toBe('日期写法不对')
    expect(saidOf(fault('invalid.datetime_from_date_parsing')).message).toBe('时间写法不对')
  })

  it('falls back to the server’s words where this release has none', () => {
    expect(saidOf(fault('from_the_future'))).toMatchObject({ message: 'st-9 is no station of op', remedy: 'register it' })
    expect(saidOf(fault('invalid.from_the_future')).message).toContain('st-9 is no station of op')
    expect(causeText('from_the_future', {}, 'as it came')).toBe('as it came')
  })

  it('tells a moment by the operator’s clock, in either language, and leaves an example of how to write one', () => {
    const ahead = { ...fault('cut_off_ahead', { at: '2026-11-28T23:00:00+08:00' }), message: 'orders are taken until 2026-11-28T23:00:00+08:00' }
    expect(saidOf(ahead).message).toBe('11月28日 周六 23:00 之前仍在接单')
    expect(saidOf(fault('cut_off_ahead', { at: '2026-11-28T15:00:00.000Z' })).message).toBe('11月28日 周六 23:00 之前仍在接单')
    expect(saidOf(fault('cut_off_ahead', { at: '2026-11-28T23:00:00-03:00' })).message).toContain('28日 周六 23:00')
    expect(saidOf(fault('invalid.timezone_aware')).remedy).toContain('2026-11-23T08:00:00+08:00')
    chosen.value = 'en'
    expect(saidOf(ahead).message).toBe('orders are taken until Sat 28 Nov 23:00')
  })

  it('is the server’s own in English', () => {
    chosen.value = 'en'
    expect(saidOf(fault('no_station', { site: 'st-9', operator: 'op' })).message).toBe('st-9 is no station of op')
  })
})
