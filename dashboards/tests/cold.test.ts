import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { type ColdParcel, percent, readColdChain, toldVerdict } from '../residents/cold'
import { bandText, thenText, verdictText, waitingText } from '../residents/cold_words'

const account = {
  parcel: 'P1',
  goods: 'chilled',
  limits: { low_c: 0, high_c: 5 },
  verdict: 'in_range',
  basis: 'place',
  as_of: '2026-11-23T07:00:00.000Z',
  is_settled: true,
  coverage: 0.979,
  placed_min: 97.9,
  expected_min: 100,
  above_min: 0,
  below_min: 0,
  coldest_c: 2.1,
  warmest_c: 4.4,
  series: [
    { at: '2026-11-23T06:00:00.000Z', low: 2, mean: 3, high: 4 },
    { at: '2026-11-23T06:05:00.000Z', low: null, mean: null, high: null },
    { at: '2026-11-23T06:10:00.000Z', low: 3, mean: 4.5, high: 9.5 },
    { at: '2026-11-23T06:15:00.000Z', low: -1, mean: 0.5, high: 2 },
  ],
}

function read(more: object = {}): ColdParcel {
  const found = readColdChain({ parcels: [{ ...account, ...more }], waiting: [] })?.parcels[0]
  if (!found) throw new Error('not read')
  return found
}

describe('a parcel’s cold chain', () => {
  it('is said in one plain sentence with what it stands on', () => {
    expect(verdictText(read(), 'shelved')).toBe('全程 0–5 °C，记录覆盖 97%')
    expect(verdictText(read({ verdict: 'excursion', above_min: 12.2, warmest_c: 6.46 }), 'shelved')).toBe('有 12 分钟超温，最高 6.5 °C，记录覆盖 97%')
    expect(verdictText(read({ verdict: 'excursion', above_min: 0.4 }), 'shelved')).toContain('不到 1 分钟')
    expect(verdictText(read({ verdict: 'breach', below_min: 30, coldest_c: -2 }), 'shelved')).toBe('有 30 分钟过冷，最低 −2 °C，记录覆盖 97%')
    expect(verdictText(read({ verdict: 'breach', above_min: 20, below_min: 10 }), 'shelved')).toContain('有 30 分钟不在 0–5 °C')
  })

  it('says no more than anybody knows', () => {
    expect(verdictText(read({ coverage: 1, placed_min: 43 }), 'shelved')).toBe('有记录的时间都在 0–5 °C，但只记录到 43% 的时间')
    expect(verdictText(read({ verdict: 'no_data', coverage: 0 }), 'shelved')).toBe('没有温度记录，无法判断')
    expect(percent(0.999)).toBe(99)
    expect(percent(1)).toBe(100)
    expect(percent(0.29)).toBe(29)
  })

  it('vouches for nothing by the zone’s fridges, and warns by them', () => {
    const zone = { basis: 'zone', coverage: 1, placed_min: 0 }
    expect(toldVerdict(read(zone))).toBe('no_data')
    expect(verdictText(read(zone), 'received')).toBe('到店了，还没有放进冷柜的记录')
    expect(thenText(read(zone), 'received')).toBe('')
    expect(verdictText(read({ ...zone, verdict: 'breach', above_min: 30, warmest_c: 9 }), 'received')).toContain('有 30 分钟超温')
  })

  it('waits for the records of the way while a parcel is on it, whatever became of the others', () => {
    expect(verdictText(read({ verdict: 'no_data', coverage: 0, placed_min: 0 }), 'packed')).toBe('货还没到店，温度记录到站后补全')
    expect(waitingText('sorted')).toBe('货还没到店，温度记录到站后补全')
    expect(waitingText('received')).toBe('到店了，还没有放进冷柜的记录')
    expect(waitingText('expected')).toBe('还没有温度记录，货进冷柜后显示')
  })

  it('says what to do where there is something to do', () => {
    expect(thenText(read(), 'shelved')).toBe('')
    expect(thenText(read({ verdict: 'breach' }), 'shelved')).toContain('请先问自提点')
    expect(thenText(read({ verdict: 'no_data' }), 'shelved')).not.toBe('')
  })

  it('names a band that has one side only', () => {
    expect(bandText(read({ limits: { low_c: null, high_c: -18 } }))).toBe('−18 °C 以下')
    expect(bandText(read({ limits: { low_c: 2, high_c: null } }))).toBe('2 °C 以上')
    expect(bandText(read({ limits: { low_c: null, high_c: null } }))).toBe('')
  })

  it('draws gaps as gaps, and hides no excursion within a step', () => {
    expect(read().readings.value).toEqual([3, null, 9.5, -1])
  })

  it('keeps what can be read where something cannot', () => {
    expect(readColdChain({ parcels: [account, { ...account, verdict: 'from_the_future' }, 7], waiting: ['P2', 3] })).toMatchObject({
      parcels: [{ parcel: 'P1' }],
      waiting: ['P2'],
    })
    expect(readColdChain({ parcels: 'none' })).toBeNull()
    expect(readColdChain(null)).toBeNull()
  })
})
