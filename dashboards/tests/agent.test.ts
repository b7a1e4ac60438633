import { describe, expect, it } from 'vitest'

import { madeScan, readLive, readScan, readStatus, type Scan, withRecalled, withScan } from '../shared/agent/agent'
import { hexLines } from '../ops/bytes'

const said = {
  site: 'st-0001',
  name: 'A',
  version: '0.1.0',
  mode: 'receive',
  manifest: 7,
  clock: { now_ms: 5, rate: 30, simulated: true, quality: 'synced' },
  uplink: { online: true, last_sync_ms: 4 },
  queue: { event: { unsent: 2, oldest_ms: 1 }, live: { unsent: 0, oldest_ms: null } },
  store: { state: 'ok', detail: '' },
  devices: [{ name: 'scanner-1', kind: 'scanner', state: 'lost', detail: '' }],
  last_scan: null,
}

const scan = (id: string, isUndone = false): Scan => ({
  ...madeScan({ id, at_ms: 1, text: id, parcel: id, kind: 'received', can_undo: true }),
  isUndone,
})

describe('what the agent says', () => {
  it('is read with its lanes, a lane it does not name being empty', () => {
    const status = readStatus(said)
    expect(status?.isOnline).toBe(true)
    expect([status?.manifest, readStatus({ ...said, manifest: undefined })?.manifest]).toEqual([7, 0])
    expect(status?.lanes.map((lane) => lane.unsent)).toEqual([2, 0, 0])
    expect(status?.lanes[0]?.oldestMs).toBe(1)
    expect(status?.devices[0]?.state).toBe('lost')
  })

  it('comes as live messages; what is none is passed over', () => {
    expect(readLive(JSON.stringify({ type: 'status', status: said }))?.type).toBe('status')
    expect(readLive(JSON.stringify({ type: 'scan', scan: { id: 'x', kind: 'received' } }))?.type).toBe('scan')
    for (const noise of ['', 'x', '[]', '{}', '{"type":"status"}', null]) expect(readLive(noise)).toBeNull()
    expect(readScan('no')).toBeNull()
  })
})

describe('the list of scans', () => {
  it('has the newest first, and an undo in its place', () => {
    const list = withScan(withScan([], scan('1')), scan('2'))
    expect(list.map((each) => each.id)).toEqual(['2', '1'])
    expect(withScan(list, scan('1', true)).map((each) => [each.id, each.isUndone])).toEqual([['2', false], ['1', true]])
  })

  it('shows a scan that booked nothing once, though it comes as an answer and as an event', () => {
    const nothing = { ...scan(''), kind: 'unknown', text: 'HELLO' }
    expect(withScan(withScan([], nothing), nothing)).toHaveLength(1)
    expect(withScan(withScan([], nothing), { ...nothing, atMs: 2 })).toHaveLength(2)
  })

  it('keeps what came while an older list was on its way', () => {
    const before = [scan('2'), scan('1')]
    const now = withScan(withScan(withScan(before, scan('3')), scan('1', true)), scan('4'))
    const list = withRecalled([scan('2'), scan('1'), scan('0')], before, now)
    expect(list.map((each) => [each.id, each.isUndone])).toEqual([
      ['4', false], ['3', false], ['2', false], ['1', true], ['0', false],
    ])
  })

  it('keeps what could not be booked while the agent was away, in its place and once', () => {
    const at = (id: string, at_ms: number, kind = 'received'): Scan => madeScan({ id, at_ms, text: `t${String(at_ms)}`, kind })
    const lost = [at('', 7, 'failed'), at('', 5, 'failed')]
    const once = withRecalled([at('9', 8), at('6', 6), at('1', 1)], [...lost, at('1', 1)], [...lost, at('1', 1)])
    expect(once.map((each) => each.atMs)).toEqual([8, 7, 6, 5, 1])
    expect(withRecalled([at('9', 8), at('6', 6)], once, once).map((each) => each.atMs)).toEqual([8, 7, 6, 5])
    const repeated = at('', 9, 'duplicate')
    expect(withRecalled([at('9', 8)], [repeated], [repeated]).map((each) => each.atMs)).toEqual([8])
  })

  it('is the agent’s where nothing came meanwhile', () => {
    const before = [scan('1')]
    expect(withRecalled([scan('9')], before, before).map((each) => each.id)).toEqual(['9'])
  })
})

describe('hexLines', () => {
  it('writes offset, hex and text, and stops where told', () => {
    const bytes = Uint8Array.from(Array.from('batch\u0000', (character) => character.charCodeAt(0)))
    expect(hexLines(bytes, 64)).toEqual([`000000  ${'62 61 74 63 68 00'.padEnd(47)}  batch·`])
    expect(hexLines(new Uint8Array(100), 32)).toHaveLength(2)
  })
})
