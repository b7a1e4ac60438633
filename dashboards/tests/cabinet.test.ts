import { describe, expect, it } from 'vitest'

import { clearsAfterS, newsOf, type Pickup, readCabinet, shownCode } from '../cabinet/cabinet'

const cell = (word: string, isOpen = false, name = 'L1') => ({ cell: name, word, detail: '', isOpen })
const pickup = (more: Partial<Pickup>): Pickup => ({
  number: 1, isBusy: false, word: 'ask_matches', detail: '', waitS: 0, opened: [], atCounter: 0, askStaff: 0, ...more,
}) // prettier-ignore

describe('what the agent says', () => {
  it('is read leniently, and nobody stands there where it says nothing', () => {
    expect(readCabinet(null)).toBeNull()
    expect(readCabinet({ paired: 'yes', pickup: 7 })).toEqual({
      name: '', isPaired: false, hasScanner: false, clock: null, pickup: null,
    }) // prettier-ignore
    const said = { number: 3, busy: true, word: 'ask_matches', opened: [{ cell: 'L7', word: 'released', open: true }, 4] }
    expect(readCabinet({ name: '阳光', paired: true, scanner: true, pickup: said })?.pickup).toEqual(
      pickup({ number: 3, isBusy: true, opened: [cell('released', true, 'L7')] }),
    )
  })
})

describe('the screen clears itself', () => {
  it('never while doors open or stand open', () => {
    expect(clearsAfterS(pickup({ isBusy: true }))).toBeNull()
    expect(clearsAfterS(pickup({ opened: [cell('released'), cell('released', true)] }))).toBeNull()
  })

  it('soon where they have all they came for, later where there is something to read', () => {
    const soon = clearsAfterS(pickup({ opened: [cell('released')] })) ?? 0
    expect(soon).toBeGreaterThan(0)
    for (const one of [
      pickup({ word: 'refused', detail: 'expired' }),
      pickup({ opened: [cell('released'), cell('cell_not_opened')] }),
      pickup({ opened: [cell('released')], atCounter: 1 }),
    ]) {
      expect(clearsAfterS(one)).toBeGreaterThan(soon)
    }
  })
})

it('tells each cell that opened as news of its own, and a door that closes as none', () => {
  const one = pickup({ opened: [cell('released', true)] })
  expect(newsOf(one)).not.toBe(newsOf(pickup({})))
  expect(newsOf(one)).toBe(newsOf(pickup({ opened: [cell('released')] })))
  expect(newsOf(one)).not.toBe(newsOf({ ...one, number: 2 }))
})

it('shows a code in two groups, with what is still missing', () => {
  expect(shownCode('')).toBe('____ ____')
  expect(shownCode('48291')).toBe('4829 1___')
  expect(shownCode('48291306')).toBe('4829 1306')
})
