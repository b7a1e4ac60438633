import { describe, expect, it } from 'vitest'

import { isAhead, isEarly, pickupTime, saying } from '../residents/pickup'

const at = (local: string): number => Date.parse(`2026-11-23T${local}:00+08:00`)
const SHANGHAI = 'Asia/Shanghai'

describe('pickupTime', () => {
  it.each([
    ['2026-11-24', '23:59', 'ahead'],
    ['2026-11-23', '00:00', 'today'],
    ['2026-11-23', '20:59', 'today'],
    ['2026-11-23', '21:00', 'over'],
    ['2026-11-22', '00:00', 'over'],
    ['', '12:00', 'ahead'],
  ])('for %s at %s is %s', (date, now, time) => {
    expect(pickupTime(date, '21:00', at(now), SHANGHAI)).toBe(time)
  })

  it('goes by the operator’s day, not by the phone’s or UTC’s', () => {
    expect(pickupTime('2026-11-23', '21:00', Date.parse('2026-11-22T16:00:00Z'), SHANGHAI)).toBe('today')
    expect(pickupTime('2026-11-23', '21:00', Date.parse('2026-11-22T16:00:00Z'), 'Europe/Berlin')).toBe('ahead')
  })

  it('lasts the whole day where no time is said', () => {
    expect(pickupTime('2026-11-23', null, at('23:59'), SHANGHAI)).toBe('today')
  })
})

describe('goods that come before their day', () => {
  it('are early until the day begins', () => {
    const order = { state: 'ready', pickup_date: '2026-11-24' }
    expect(isEarly(order, at('23:59'), SHANGHAI)).toBe(true)
    expect(isEarly({ ...order, pickup_date: '2026-11-23' }, at('00:00'), SHANGHAI)).toBe(false)
    expect(isEarly({ ...order, state: 'in_transit' }, at('12:00'), SHANGHAI)).toBe(false)
    expect(isAhead('', at('12:00'), SHANGHAI)).toBe(false)
  })
})

describe('saying', () => {
  it('does not promise on the pickup day what should have happened the night before', () => {
    expect(saying('placed', 'ahead')).toBe('placed')
    expect(saying('placed', 'today')).toBe('unseen_today')
    expect(saying('allocating', 'over')).toBe('unseen_over')
  })

  it('says what to do once the time is over, and nothing of it where all is well', () => {
    expect(saying('in_transit', 'today')).toBe('in_transit')
    expect(saying('in_transit', 'over')).toBe('on_way_over')
    expect(saying('ready', 'today')).toBe('ready')
    expect(saying('ready', 'over')).toBe('overdue')
    expect(saying('collected', 'over')).toBe('collected')
  })
})
