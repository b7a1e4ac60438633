import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { bell, deviceOf, isOfCloud, toneOf, touchesGoods } from '../ops/alarms'
import { ruleText, valueText } from '../ops/alarm_words'
import type { Room } from '../shared/live/rooms'

function room(...keys: readonly (readonly [string, string])[]): Room {
  return { cursor: 1, entries: new Map(keys.map(([key, at]) => [key, { key, version: 1, at, body: {} }])) }
}

describe('the alarms of the operations page', () => {
  it('are asked for again when a room says anything new of one, and not for anything else', () => {
    const before = bell({ 'sites:op': room(['alarm/1', 'a'], ['site/x', 'a']) })
    expect(bell({ 'sites:op': room(['site/x', 'b'], ['alarm/1', 'a']) })).toBe(before)
    expect(bell({ 'sites:op': room(['alarm/1', 'b']) })).not.toBe(before)
    expect(bell({ 'sites:op': room(['site/x', 'a']) })).not.toBe(before)
  })

  it('name the device as staff do', () => {
    expect(deviceOf('fridge-1_c')).toBe('fridge-1')
    expect(deviceOf('fridge-1_open')).toBe('fridge-1')
    expect(deviceOf('fridge-1.humidity_pct')).toBe('fridge-1.humidity_pct')
  })

  it('are loud while they stand and calm when they are over', () => {
    expect(toneOf({ severity: 'critical', stands: true })).toBe('stop')
    expect(toneOf({ severity: 'warning', stands: true })).toBe('warn')
    expect(toneOf({ severity: 'critical', stands: false })).toBe('wait')
  })

  it('have parcels behind them where a box is warm or its door open', () => {
    expect(['high', 'low', 'door_open', 'silent', 'site_silent'].filter((rule) => touchesGoods({ rule }))).toEqual(['high', 'low', 'door_open'])
  })

  it('of vans and silent sites are the cloud\'s own', () => {
    expect(['high', 'silent', 'site_silent', 'van_silent', 'off_route'].filter((rule) => isOfCloud({ rule }))).toEqual(['site_silent', 'van_silent', 'off_route'])
    expect(ruleText('van_silent', 'van-1')).toBe('车辆失联')
  })

  it('of a later release are shown as they came', () => {
    expect(ruleText('high', 'fridge-1')).toBe('fridge-1 温度过高')
    expect(ruleText('tilted', 'fridge-1')).toBe('fridge-1: tilted')
    expect(valueText(9.5, 5)).toBe('9.5 °C（限值 5.0 °C）')
    expect(valueText(null, 5)).toBe('')
  })
})
