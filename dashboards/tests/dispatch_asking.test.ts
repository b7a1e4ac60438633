import { describe, expect, it } from 'vitest'

import { dayOf, formOf, freeNumber, newVan } from '../dispatch/asking'
import type { Site } from '../shared/api/cloud'
import type { PlanDay } from '../shared/api/dispatching'

const load = { ambient: 1, chilled: 0, frozen: 0 }
const station = (site: string, from_s: number, to_s: number, priority = 0) => ({ site, name: site, lat: 31, lon: 121, load, from_s, to_s, priority })
const KNOWN: PlanDay = {
  depot: { site: 'dock-1', name: '网格仓', lat: 31, lon: 121 },
  vans: [
    {
      id: '7', vehicle: 'van-7', room: { ambient: 30, chilled: 9, frozen: 2 }, from_s: 5 * 3600, to_s: 13.5 * 3600, max_stops: 12, max_reloads: 1,
      fixed_fen: 5000, per_km_fen: 130, per_h_fen: 4000,
    },
  ],
  stations: [station('a', 6 * 3600, 15 * 3600), station('b', 6 * 3600, 15 * 3600), station('c', 6 * 3600, 10 * 3600, 5)],
  loading_s: 900,
  service_s: 300,
  container_s: 15,
}

describe('the form of a new plan', () => {
  it('begins with the vans and times of the plan before, and asks for the same again', () => {
    const day = dayOf('2026-11-23', formOf(KNOWN, []))
    expect(day).toMatchObject({
      service_date: '2026-11-23', depot: 'dock-1', deliver_from: '06:00', deliver_until: '15:00', loading_s: 900, service_s: 300, container_s: 15,
    })
    expect(day.vans).toEqual([
      {
        id: '7', vehicle: 'van-7', ambient: 30, chilled: 9, frozen: 2, shift_from: '05:00', shift_to: '13:30', max_stops: 12, max_reloads: 1,
        fixed_fen: 5000, per_km_fen: 130, per_h_fen: 4000,
      },
    ])
    expect(day.stations).toEqual([{ site: 'c', deliver_from: '06:00', deliver_until: '10:00', priority: 5 }])
  })

  it('begins with a van for each vehicle where there was no plan, and with one where there is none', () => {
    const vehicles = [{ id: 'van-1' }, { id: 'van-2' }] as unknown as readonly Site[]
    expect(formOf(null, vehicles).vans.map((van) => [van.id, van.vehicle])).toEqual([['1', 'van-1'], ['2', 'van-2']])
    expect(formOf(null, []).vans).toHaveLength(1)
  })

  it('sends nothing for what may be left out and was', () => {
    const day = dayOf('2026-11-23', { ...formOf(null, []), stations: [{ site: '', from: '06:00', until: '15:00', priority: 0 }] })
    expect(day.vans[0]).toMatchObject({ vehicle: null, max_stops: null })
    expect([day.depot, day.stations]).toEqual([null, []])
  })

  it('numbers another van as none is', () => {
    expect(freeNumber([newVan('1'), newVan('3')])).toBe('4')
    expect(freeNumber([newVan('2')])).toBe('3')
  })
})
