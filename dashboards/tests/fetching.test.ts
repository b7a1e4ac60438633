import { describe, expect, it } from 'vitest'

import { byPlace } from '../pickup/fetching'

const one = (place: string, zone: string, isCell = false) => ({ parcel: `P-${place}`, place, zone, isCell })

describe('what is fetched for somebody', () => {
  it('is a stop for each shelf and cell, with how many, the cold ones last', () => {
    expect(byPlace([one('F1', 'frozen'), one('C22', 'chilled', true), one('A12', 'ambient'), one('A2', 'ambient'), one('A2', 'ambient')])).toEqual([
      { place: 'A2', zone: 'ambient', isCell: false, count: 2 },
      { place: 'A12', zone: 'ambient', isCell: false, count: 1 },
      { place: 'C22', zone: 'chilled', isCell: true, count: 1 },
      { place: 'F1', zone: 'frozen', isCell: false, count: 1 },
    ])
  })

  it('tells a shelf and a cell of one name apart, and zones on one shelf', () => {
    expect(byPlace([one('A2', 'ambient'), one('A2', 'ambient', true), one('A2', 'chilled')])).toHaveLength(3)
  })
})
