import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { chatText } from '../leaders/chat'
import { byState, isVanSilent, type LeaderDay, type LeaderOrder, money, percent, rate, tailsOf, tilesOf, toFetch, withNews } from '../leaders/day'
import { bind, boundLink, keepDay, keptDay, type Shelf, unbind } from '../leaders/kept'

const order = (number: string, state: string, more: Partial<LeaderOrder> = {}): LeaderOrder => ({
  order: `op/${number}`, external_id: number, site: 'st-1', pickup_date: '2026-11-23', state, state_at: '2026-11-23T03:00:00.000Z',
  resident: '王*明', phone_tail: '1105', pieces: 3, short: 0, slots: [], reminded_at: null, may_remind: state === 'ready', ...more,
})
const none = { pieces: 0, refunded: 0, liable_fen: 0, pending_fen: 0, due_fen: 0, total_fen: 0 }
const day = (orders: readonly LeaderOrder[], more: Partial<LeaderDay> = {}): LeaderDay => ({
  leader: 'L1', name: '王姐', operator_name: '示例', stations: [{ site: 'st-1', name: '阳光花园', is_silent: false }], today: '2026-11-23',
  orders: [...orders], shortages: [], shortage_rule: 'first', hot_items: [],
  score: { days: 7, orders: 0, on_day: null, short: null, cases: null },
  commission: { fen_a_piece: 50, complaint_days: 7, today: { ...none, total_fen: 150 }, this_month: none, last_month: none },
  room: 'group:op/L1', cursor: 5, live_url: 'ws://x/live', pickup_until: '21:00', time_zone: 'Asia/Shanghai',
  clock: { now_ms: 0, rate: 1, simulated: false }, expires_at: '2027-02-20T00:00:00.000Z', as_of: '2026-11-23T04:00:00.000Z', ...more,
})

describe('tiles', () => {
  it('count what came, was collected and waits, and what is short today', () => {
    const shortage = { sku: 'egg', name: '鸡蛋', pickup_date: '2026-11-23', short: 2, missing: 1, orders: [] }
    const orders = [
      order('1', 'ready'), order('2', 'collected'), order('3', 'in_transit'), order('4', 'arrived'),
      order('5', 'overdue', { pickup_date: '2026-11-21' }), order('6', 'placed', { pickup_date: '2026-11-24' }),
      order('7', 'collected', { pickup_date: '2026-11-21' }), order('8', 'collected', { state_at: '2026-11-22T03:00:00.000Z' }),
    ]
    const seen = tilesOf(day(orders, { shortages: [shortage, { ...shortage, pickup_date: '2026-11-24' }] }))
    expect(seen).toEqual({ came: 4, expected: 5, collected: 2, uncollected: 2, short: 3, fen: 150 })
  })

  it('follow a live entry at once, and take an undo back', () => {
    const before = day([order('1', 'ready')])
    const after = withNews(before, new Map([['op/1', { state: 'collected', state_at: '2026-11-23T05:00:00.000Z' }]]))
    expect([tilesOf(before).collected, tilesOf(after).collected, tilesOf(after).uncollected]).toEqual([0, 1, 0])
    expect(withNews(after, new Map([['op/1', { state: 'ready', state_at: '2026-11-23T03:00:00.000Z' }]])).orders[0]?.may_remind).toBe(true)
    expect(withNews(before, new Map<string, unknown>([['op/9', { state: 'ready' }], ['op/1', null]]))).toEqual(before)
  })
})

describe('lists', () => {
  it('begin with who is overdue', () => {
    const orders = [order('1', 'ready'), order('2', 'collected'), order('3', 'overdue'), order('4', 'partially_collected')]
    expect(toFetch(day(orders)).map((one) => one.external_id)).toEqual(['3', '1', '4'])
  })

  it('show states of today first, and those of a release to come too', () => {
    const orders = [
      order('1', 'placed', { pickup_date: '2026-11-24' }), order('2', 'teleported'), order('3', 'ready'),
      order('4', 'overdue', { pickup_date: '2026-11-20' }), order('5', 'ready'),
    ]
    expect(byState(day(orders)).map((one) => [one.when, one.state, one.orders.length])).toEqual([
      ['today', 'ready', 2], ['today', 'teleported', 1], ['before', 'overdue', 1], ['later', 'placed', 1],
    ])
  })
})

describe('the text for the group chat', () => {
  it('names tails only, once each, by station; never names, whole numbers or links', () => {
    const orders = [
      order('A-77001', 'ready', { phone_tail: '2203' }), order('A-77002', 'ready'), order('A-77003', 'ready'),
      order('A-77004', 'partially_collected', { phone_tail: null, resident: null }),
      order('A-77005', 'overdue', { phone_tail: '8890', pickup_date: '2026-11-21' }),
      order('A-77006', 'ready', { phone_tail: '4411', site: 'st-2' }), order('A-77007', 'in_transit', { phone_tail: '9999' }),
    ]
    const stations = [{ site: 'st-1', name: '阳光花园', is_silent: false }, { site: 'st-2', name: '北苑', is_silent: false }]
    const text = chatText(day(orders, { stations }))
    expect(text).toBe(
      '【阳光花园】提货提醒\n以下邻居的货已到，请在今天 21:00 前来提：尾号 1105（2 单）、尾号 2203、订单尾号 7004\n' +
        '以下邻居的货已过提货日，请尽快来提：尾号 8890\n\n【北苑】提货提醒\n以下邻居的货已到，请在今天 21:00 前来提：尾号 4411',
    )
    expect(text).not.toMatch(/http|\/o\/|王|9999/)
  })

  it('is empty where nobody waits', () => {
    expect(chatText(day([order('1', 'collected')]))).toBe('')
    expect(tailsOf([])).toEqual([])
  })
})

it('money has a minus sign and shares are rounded down', () => {
  expect([money(150), money(-1750), money(0), percent(0.996), percent(1), percent(0.29)]).toEqual(['¥1.50', '−¥17.50', '¥0.00', '99%', '100%', '29%'])
})

it('a rate of what should not be is never rounded to nothing', () => {
  expect([rate(0), rate(0.0001), rate(0.004), rate(1 / 6)]).toEqual(['0%', '0.1%', '0.4%', '16.7%'])
})

it('a van that was not heard for five minutes is silent', () => {
  const van = {
    run: 1, name: 'R1', vehicle: null, site: 'st-1', site_name: '', site_lat: null, site_lon: null, stops_before: 0, containers: 1,
    planned_arrival: null, window: null, place: { lat: 31, lon: 121, at: '2026-11-23T04:00:00.000Z', distance_km: 1 },
  }
  const at = Date.parse('2026-11-23T04:00:00.000Z')
  expect([isVanSilent(van, at + 299_000), isVanSilent(van, at + 301_000), isVanSilent({ ...van, place: null }, at)]).toEqual([false, true, false])
})

class Paper implements Shelf {
  readonly kept = new Map<string, string>()
  isForbidden = false
  getItem(key: string): string | null {
    if (this.isForbidden) throw new Error('forbidden')
    return this.kept.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    if (this.isForbidden) throw new Error('forbidden')
    this.kept.set(key, value)
  }
  removeItem(key: string): void {
    this.kept.delete(key)
  }
}

describe('what the phone keeps', () => {
  it('is the link, and the day of whose link it is', () => {
    const shelf = new Paper()
    expect([boundLink(shelf), bind(shelf, 'token.1'), boundLink(shelf)]).toEqual(['', true, 'token.1'])
    const kept = { day: day([order('1', 'ready')]), asOfMs: 7 }
    keepDay(shelf, 'token.1', kept)
    expect(keptDay(shelf, 'token.1')).toEqual(kept)
    expect(keptDay(shelf, 'token.2')).toBeNull()
    shelf.kept.set('tt-leader-day', '{"of":"x"}')
    expect(keptDay(shelf, 'token.1')).toBeNull()
    unbind(shelf)
    expect([boundLink(shelf), shelf.kept.size]).toEqual(['', 0])
  })

  it('is nothing where the browser forbids it, and the page is told', () => {
    const shelf = new Paper()
    shelf.isForbidden = true
    expect([boundLink(shelf), bind(shelf, 'token.1'), keptDay(shelf, 'token.1')]).toEqual(['', false, null])
  })
})
