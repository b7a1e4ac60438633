import { describe, expect, it } from 'vitest'

import { seatAfter } from '../dock/seat'

const PLACES = [{ place: '' }, { place: 'scanner-2' }]

describe('the seat of a page at the dock', () => {
  it('is taken again when an agent that was restarted has forgotten it', () => {
    expect(seatAfter('scanner-2', '', PLACES)).toBe('sit')
  })

  it('is left as it is where the page sits, also at another scanner since', () => {
    expect(seatAfter('scanner-2', 'scanner-2', PLACES)).toBe('stay')
    expect(seatAfter('scanner-1', 'scanner-2', PLACES)).toBe('stay')
    expect(seatAfter('', '', PLACES)).toBe('stay')
  })

  it('is forgotten when somebody gave its scanner back to all', () => {
    expect(seatAfter('scanner-2', '', [{ place: '' }])).toBe('forget')
  })
})
