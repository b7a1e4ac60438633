import { describe, expect, it } from 'vitest'

import { fill } from '../shared/i18n/fill'

describe('fill', () => {
  it('puts values in their places', () => {
    expect(fill('共 {n} 件，{place}', { n: 3, place: '阳光花园' })).toBe('共 3 件，阳光花园')
  })

  it('counts in English', () => {
    expect([0, 1, 2].map((n) => fill('{n} {n?item|items}', { n }))).toEqual(['0 items', '1 item', '2 items'])
  })

  it('leaves no brace where a value is missing', () => {
    expect(fill('order {number}', {})).toBe('order ')
  })
})
