import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({ language: { value: 'zh' }, texts: () => (key: string) => key }))
vi.mock('../shared/agent/keeping', () => ({ useKeeping: vi.fn() })) // it reads the page's own text as it loads, and there is no page here

const { isOfAPage } = await import('../shared/agent/desk')
const said = (word: string, device = 'page-1a2b', detail = '') => isOfAPage({ word, device, detail })

describe('what is a page’s own affair', () => {
  it('is who logs in there, and who is locked out there', () => {
    expect(['logged_in', 'logged_out', 'log_in_unknown', 'locked_out'].map((word) => said(word))).toEqual([true, true, true, true])
  })

  it('is no scan, no badge at a scanner, and no lock of the whole counter', () => {
    expect(said('received')).toBe(false)
    expect(said('logged_in', 'gun-1')).toBe(false)
    expect(said('locked_out', 'page-1a2b', 'locked_out')).toBe(false)
    expect(said('locked_out', 'page-1a2b', 'unknown_code')).toBe(false)
  })
})
