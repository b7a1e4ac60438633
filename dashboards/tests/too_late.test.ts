import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({
  language: { value: 'zh' },
  texts: (zh: Record<string, string>) => (key: string) => zh[key] ?? '',
}))

import { whyNotCancelled } from '../ops/too_late'
import { parcelStateWord } from '../residents/words'

describe('an order that cannot be cancelled', () => {
  it('says why by where it is', () => {
    expect(whyNotCancelled('placed')).toBe('cancel.late.cut_off')
    expect(whyNotCancelled('allocating')).toBe('cancel.late.cut_off')
    expect(whyNotCancelled('in_transit')).toBe('cancel.late.under_way')
    expect(whyNotCancelled('ready')).toBe('cancel.late.arrived')
    expect(whyNotCancelled('collected')).toBe('cancel.late.collected')
  })
})

describe('a cancelled order', () => {
  it('has no parcel that is to come, and what was scanned all the same is where it is', () => {
    expect(parcelStateWord('cancelled', 'expected')).toBe('已取消')
    expect(parcelStateWord('placed', 'expected')).toBe('待到货')
    expect(parcelStateWord('cancelled', 'received')).toBe('已入库')
  })
})
