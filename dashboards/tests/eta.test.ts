import { describe, expect, it } from 'vitest'

import { shownWindow } from '../residents/eta'
import { windowOf } from '../shared/eta'

const said = {
  early: '2026-11-23T00:20:40.000Z',
  expected: '2026-11-23T00:25:00.000Z',
  late: '2026-11-23T00:31:10.000Z',
  stops_before: 2,
  as_of: '2026-11-23T00:10:00.000Z',
  is_estimate: true,
}
const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`)

it('one time says a window that lies in a minute', () => {
  expect(windowOf(at('00:20:10'), at('00:20:50'))).toEqual({ earlyMs: at('00:20:00'), lateMs: at('00:21:00'), isMoment: true })
  expect(windowOf(said.early, said.late).isMoment).toBe(false)
})

describe('shownWindow', () => {
  it('says whole minutes that hold the window', () => {
    const shown = shownWindow(said, at('00:12:00'))
    expect([shown.earlyMs, shown.lateMs]).toEqual([at('00:20:00'), at('00:32:00')])
    expect([shown.stopsBefore, shown.isEstimate, shown.asOfMs]).toEqual([2, true, at('00:10:00')])
  })

  it.each([
    ['00:12:00', false],
    ['00:15:00', false],
    ['00:15:01', true],
  ])('at %s the van is silent: %s', (time, isSilent) => {
    expect(shownWindow(said, at(time)).isSilent).toBe(isSilent)
  })
})
