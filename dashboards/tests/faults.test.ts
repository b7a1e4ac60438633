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

  it('is the server’s own in English', () => {
    chosen.value = 'en'
    expect(saidOf(fault('no_station', { site: 'st-9', operator: 'op' })).message).toBe('st-9 is no station of op')
  })
})
