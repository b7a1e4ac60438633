import { describe, expect, it } from 'vitest'

import { withLive } from '../ops/sites'
import type { Site } from '../shared/api/cloud'
import type { Room } from '../shared/live/rooms'

const site: Site = {
  id: 'st-1',
  kind: 'station',
  name: 'A',
  address: '',
  lat: null,
  lon: null,
  operators: ['op'],
  online: true,
  changed_at: '2026-11-23T07:00:00.000Z',
  heard_at: '2026-11-23T07:30:00.000Z',
  queue: { event: { unsent: 0 } },
  devices: { gun: 'ok' },
  version: '0.1.0',
}

function room(key: string, body: unknown): Readonly<Record<string, Room>> {
  return { 'sites:op': { cursor: 1, entries: new Map([[key, { key, at: '', body }]]) } }
}

const said = (heard_at: string, more = {}): unknown => ({
  site: 'st-1',
  online: false,
  heard_at,
  said: { queue: { event: { unsent: 3 } }, devices: { gun: 'lost' } },
  ...more,
})

describe('withLive', () => {
  it('shows what a site has said since the list was read', () => {
    const [seen] = withLive([site], room('site/st-1', said('2026-11-23T07:40:00Z')))
    expect(seen).toMatchObject({ online: false, heard_at: '2026-11-23T07:40:00Z', devices: { gun: 'lost' }, version: '0.1.0' })
  })

  it('keeps the later hearing: a site that sends is heard though its connection does not change', () => {
    const [seen] = withLive([site], room('site/st-1', said('2026-11-23T07:10:00Z')))
    expect(seen).toMatchObject({ online: false, heard_at: '2026-11-23T07:30:00.000Z' })
  })

  it('does not turn a list back that is newer than the room', () => {
    expect(withLive([site], room('site/st-1', said('2026-11-23T06:59:00Z')))).toEqual([site])
  })

  it('reads a station’s own room, and leaves parcels and other sites alone', () => {
    expect(withLive([site], room('status', said('2026-11-23T07:40:00Z')))[0]?.online).toBe(false)
    expect(withLive([site], room('parcel/X', said('2026-11-23T07:40:00Z')))).toEqual([site])
    expect(withLive([site], room('site/st-2', said('2026-11-23T07:40:00Z', { site: 'st-2' })))).toEqual([site])
    expect(withLive([site], room('site/st-1', 'nonsense'))).toEqual([site])
  })
})
