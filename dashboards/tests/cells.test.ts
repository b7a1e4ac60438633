import { describe, expect, it } from 'vitest'

import { type Cell, troublesOf } from '../pickup/cells'

const cell = (more: Partial<Cell>): Cell => ({
  cell: '1-01', zone: 'ambient', size: 'M', state: 'free', cause: '', parcel: '', overdue: false, door: 'closed', article: 'unknown', lock: true,
  ...more,
})

describe('what is wrong at a cell', () => {
  it('is nothing where its signals agree, or are not known', () => {
    expect(troublesOf(cell({}))).toEqual([])
    expect(troublesOf(cell({ state: 'occupied', article: 'present', parcel: 'P' }))).toEqual([])
    expect(troublesOf(cell({ state: 'occupied', door: 'unknown', article: 'unknown' }))).toEqual([])
    expect(troublesOf(cell({ state: 'blocked', cause: 'staff' }))).toEqual([]) // somebody wanted it so
  })

  it('has a word of its own for each failure', () => {
    expect(troublesOf(cell({ state: 'fault', cause: 'open_failed' }))).toEqual(['open_failed'])
    expect(troublesOf(cell({ state: 'open', cause: 'door_left_open', door: 'open' }))).toEqual(['door_left_open'])
    expect(troublesOf(cell({ state: 'blocked', cause: 'cell_mismatch' }))).toEqual(['cell_mismatch'])
    expect(troublesOf(cell({ state: 'occupied', overdue: true }))).toEqual(['not_fetched'])
    expect(troublesOf(cell({ lock: false }))).toEqual(['no_lock'])
  })

  it('is seen where door or sensor contradict the books', () => {
    expect(troublesOf(cell({ state: 'occupied', article: 'absent' }))).toEqual(['empty'])
    expect(troublesOf(cell({ article: 'present' }))).toEqual(['filled'])
    expect(troublesOf(cell({ state: 'occupied', door: 'open', article: 'present' }))).toEqual(['ajar'])
  })
})
