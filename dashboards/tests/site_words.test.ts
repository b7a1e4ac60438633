import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({ texts: () => () => '' }))

import { newPin, siteToml } from '../ops/site_words'

describe('what is shown of a site once', () => {
  it('is a PIN of six digits that keeps its zeros', () => {
    const rolled = (value: number) => newPin((values) => values.fill(value))
    expect(rolled(42)).toBe('000042')
    expect(rolled(4_000_123_456)).toBe('123456')
    expect(newPin()).toMatch(/^\d{6}$/)
  })

  it('is what its file wants, with whatever stands in a name quoted', () => {
    expect(siteToml('st-9', '张"姐"店', 'station', 'op-a', 'k-1')).toBe(
      ['[site]', 'operator = "op-a"', 'id = "st-9"', 'name = "张\\"姐\\"店"', 'kind = "station"', '', '[broker]', 'username = "st-9"', 'password = "k-1"'].join('\n'),
    )
  })
})
