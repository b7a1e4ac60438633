import { describe, expect, it } from 'vitest'

import { madeScan, readStatus } from '../shared/agent/agent'
import { pulledOf } from '../shared/agent/pulled'

const device = (name: string, kind: string, state: string, since_ms: number) => ({ name, kind, state, detail: '', since_ms })
const status = (...devices: readonly object[]) => readStatus({ devices })
const all = () => true
const scan = (at_ms: number) => madeScan({ at_ms, kind: 'received' })

describe('a scanner that was pulled', () => {
  it('is news until something is scanned by other means', () => {
    const pulled = status(device('gun-1', 'scanner', 'lost', 100))
    expect(pulledOf(pulled, null, all)?.isNews).toBe(true)
    expect(pulledOf(pulled, scan(99), all)?.isNews).toBe(true)
    expect(pulledOf(pulled, scan(101), all)).toMatchObject({ isNews: false, devices: [{ name: 'gun-1' }] })
  })

  it('is nothing where it is well, is no scanner, or is no business of this page', () => {
    expect(pulledOf(status(device('gun-1', 'scanner', 'ok', 100)), null, all)).toBeNull()
    expect(pulledOf(status(device('t-1', 'modbus', 'lost', 100)), null, all)).toBeNull()
    expect(pulledOf(status(device('gun-2', 'hid', 'failed', 100)), null, (name) => name === 'gun-1')).toBeNull()
    expect(pulledOf(null, null, all)).toBeNull()
  })
})
