import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { gathered, goodsByParcel, itemCount, newestFirst, newSteps, partOf, shelfCodes, stageOf, toneOf, troubles } from '../residents/order'
import { astraySentence, headline, heardText, partSentence, stepText } from '../residents/words'
import { type OrderView, readOrder, type Step } from '../shared/api/order'

const step = (at: string, state: string, parcel: string | null = null, site_name: string | null = 'A'): Step => ({
  at: `2026-11-23T${at}Z`,
  state,
  site_name,
  parcel,
})

const order: OrderView = {
  order_id: 'op/1',
  external_id: '1',
  state: 'ready',
  state_at: '',
  site: { id: 'st-1', name: 'A', address: '' },
  pickup_date: '2026-11-23',
  lines: [
    { name: 'rice', quantity: 2, zone: 'ambient', parcel: 'P1' },
    { name: 'milk', quantity: 1, zone: 'chilled', parcel: 'P2' },
    { name: 'ginger', quantity: 3, zone: 'ambient', parcel: null },
    { name: 'tea', quantity: 1, zone: 'ambient', parcel: 'P9' },
  ],
  parcels: [
    { id: 'P1', zone: 'ambient', state: 'shelved', slot: 'C03', exceptions: [], elsewhere: '' },
    { id: 'P2', zone: 'chilled', state: 'shelved', slot: 'A12', exceptions: [], elsewhere: '' },
    { id: 'P3', zone: 'frozen', state: 'released', slot: 'B01', exceptions: [], elsewhere: '' },
  ],
  timeline: [],
  counts: null,
}

describe('goodsByParcel', () => {
  it('shows every line once: by parcel, and last what is in no known parcel', () => {
    const groups = goodsByParcel(order)
    expect(groups.map((group) => group.parcel?.id ?? null)).toEqual(['P1', 'P2', 'P3', null])
    expect(groups[3]?.lines.map((line) => line.name)).toEqual(['ginger', 'tea'])
    expect(itemCount(order)).toBe(7)
  })
})

describe('shelfCodes', () => {
  it('names the slots of what lies on a shelf, not of what was handed out', () => {
    expect(shelfCodes(order)).toEqual(['A12', 'C03'])
  })
})

describe('a parcel that another station has', () => {
  const lost = { id: 'P2', zone: 'chilled', state: 'shelved', slot: 'Z9', exceptions: ['surplus', 'damaged'], elsewhere: 'B' }
  const parcels = [...order.parcels.slice(0, 1), lost]

  it('is told with the others, and alone', () => {
    const counts = { total: 2, here: 1, collected: 0 }
    expect(astraySentence({ counts, parcels })).toBe('1 个包裹在店里，另有 1 个送到了别的自提点，正在转送，到店后这里会自动更新。')
    expect(astraySentence({ counts: { ...counts, here: 0 }, parcels })).toContain('有 1 个包裹送到了别的自提点')
    expect(astraySentence({ counts: null, parcels: [lost] })).toContain('您的货送到了别的自提点')
    expect(astraySentence({ counts, parcels: order.parcels })).toBe('')
  })

  it('lies on no shelf of theirs, and staff’s word for it is not theirs', () => {
    expect(shelfCodes({ ...order, parcels })).toEqual(['C03'])
    expect(troubles(lost)).toEqual(['damaged'])
  })

  it('has not arrived by being scanned there', () => {
    expect(stepText(step('07:00:00', 'received', 'P2', 'B'), 'A')).toBe('送到了别的自提点')
    expect(stepText(step('08:00:00', 'returned', 'P2', 'B'), 'A')).toBe('正在转送到您的自提点')
    expect(stepText(step('06:00:00', 'packed', 'P2', 'Warehouse'), 'A')).toBe('已装筐')
    expect(stepText(step('09:00:00', 'received', 'P2', 'A'), 'A')).toBe('已入库')
  })
})

describe('a part of an order', () => {
  const part = (state: string, total: number, here: number, collected: number) => partOf({ state, counts: { total, here, collected } })

  it('is told by count where one of two parcels has arrived, and not where all have', () => {
    expect(part('arrived', 2, 1, 0)).toEqual({ kind: 'arrived', total: 2, here: 1 })
    expect(part('arrived', 2, 2, 0)).toBeNull()
  })

  it('is told by count where one of three was collected: what waits, and what is still to come', () => {
    expect(part('partially_collected', 3, 1, 1)).toEqual({ kind: 'collected', total: 3, collected: 1, here: 1, coming: 1 })
    expect(part('collected', 2, 0, 2)).toBeNull()
  })

  it('is not guessed where nobody has counted', () => {
    expect(partOf({ state: 'arrived', counts: null })).toBeNull()
  })

  it('is said in words, also of a part that was collected', () => {
    expect(headline({ state: 'arrived', counts: { total: 2, here: 1, collected: 0 } })).toBe('1/2 个包裹已到')
    expect(headline({ state: 'ready', counts: { total: 2, here: 2, collected: 0 } })).toBe('待提货')
    expect(headline({ state: 'ready', counts: { total: 2, here: 2, collected: 0 } }, true)).toBe('已到自提点')
    expect(headline({ state: 'partially_collected', counts: { total: 2, here: 1, collected: 1 } })).toBe('已提 1/2 个包裹')
    expect(partSentence({ state: 'partially_collected', counts: { total: 2, here: 0, collected: 1 } })).toContain('1 个包裹没有到店')
  })
})

describe('the timeline', () => {
  it('puts the newest first and keeps the server’s order within a moment', () => {
    const steps = [step('07:00:00', 'received', 'P1'), step('07:00:00', 'shelved', 'P1'), step('06:00:00', 'placed')]
    expect(newestFirst(steps).map((each) => each.state)).toEqual(['shelved', 'received', 'placed'])
  })

  it('gathers what is said of several parcels within a minute into one line', () => {
    const lines = gathered([step('07:00:30', 'received', 'P2'), step('07:00:10', 'received', 'P1'), step('06:00:00', 'placed')])
    expect(lines.map((line) => line.parcels)).toEqual([['P2', 'P1'], []])
    expect(lines[0]?.keys).toHaveLength(2)
  })

  it('keeps apart another state, another place, a later minute, and the same parcel twice', () => {
    const newer = step('07:05:00', 'received', 'P2')
    for (const older of [
      step('07:04:30', 'shelved', 'P1'),
      step('07:04:30', 'received', 'P1', 'B'),
      step('07:03:00', 'received', 'P1'),
      step('07:04:30', 'received', 'P2'),
    ]) {
      expect(gathered([newer, older])).toHaveLength(2)
    }
  })

  it('says aloud where it was, and nothing of a place on the road', () => {
    expect(heardText(step('07:37:00', 'received', 'P1', 'A'), 'A', '07:37')).toBe('新进展：已入库，A，07:37')
    for (const nowhere of ['', null]) {
      expect(heardText(step('07:37:00', 'in_transit', null, nowhere), 'A', '07:37')).toBe('新进展：配送中，07:37')
    }
  })

  it('finds what is new', () => {
    const before = [step('06:00:00', 'placed')]
    expect(newSteps(before, [...before, step('07:00:00', 'received', 'P1')]).map((each) => each.state)).toEqual(['received'])
    expect(newSteps(before, before)).toEqual([])
  })
})

describe('an unknown state', () => {
  it('has a quiet colour and no place on the way', () => {
    expect(toneOf('teleported')).toBe('wait')
    expect(stageOf('teleported')).toBeNull()
  })
})

describe('readOrder', () => {
  it('reads what it wrote', () => {
    expect(readOrder(JSON.parse(JSON.stringify(order)))).toEqual(order)
  })

  it.each([null, 'order', {}, { order_id: '1', state: 'ready' }, { ...order, parcels: null }])('refuses %j', (body) => {
    expect(readOrder(body)).toBeNull()
  })
})
