import { describe, expect, it } from 'vitest'

import { isUnlikely, leastGrams, readGrams } from '../pickup/weighing'

describe('what the scales say', () => {
  it('is read in the unit that was chosen, whichever way digits are written', () => {
    expect(readGrams('4735', 'g')).toBe(4735)
    expect(readGrams(' 4,735 ', 'kg')).toBe(4735)
    expect(readGrams('４．７３５', 'kg')).toBe(4735)
    expect(readGrams('0.2', 'kg')).toBe(200)
  })

  it('is refused where it is no weight', () => {
    for (const typed of ['', '0', '-3', 'abc', '4.7.1', '1e3', '99999999', '0.0004']) expect(readGrams(typed, 'g')).toBeNull()
    expect(readGrams('99999', 'kg')).toBeNull()
  })

  it('is held against what was declared, less what may lack', () => {
    expect(leastGrams(10_000, 0.05)).toBe(9500)
    expect(leastGrams(333, 0.05)).toBe(317)
    expect(leastGrams(500, 0)).toBe(500)
  })

  it('is asked about again where the unit can hardly be right', () => {
    expect(isUnlikely(4, 5000)).toBe(true)
    expect(isUnlikely(60_000, 5000)).toBe(true)
    expect(isUnlikely(4000, 5000)).toBe(false)
  })
})
