/** Sites as the list gives them, with what they have said since on the live socket. Pure. */

import type { Site } from '../shared/api/cloud'
import { isObject, type Json } from '../shared/live/protocol'
import type { Room } from '../shared/live/rooms'

/** A room of sites holds `site/{id}`; a site's own room, which staff see, `status`. */
export function withLive(sites: readonly Site[], rooms: Readonly<Record<string, Room>>): readonly Site[] {
  const said = new Map<string, Json>()
  for (const room of Object.values(rooms)) {
    for (const [key, { body }] of room.entries) {
      if (isObject(body) && (key === 'status' || key.startsWith('site/'))) said.set(String(body['site']), body)
    }
  }
  return sites.map((site) => {
    const body = said.get(site.id)
    return body ? merged(site, body) : site
  })
}

function merged(site: Site, body: Json): Site {
  const heard = typeof body['heard_at'] === 'string' ? body['heard_at'] : null
  // The list counts every batch as hearing from a site; what a site says of itself may be older than it, and newer.
  if (heard === null || (site.changed_at !== null && Date.parse(heard) < Date.parse(site.changed_at))) return site
  const own = isObject(body['said']) ? body['said'] : {}
  return {
    ...site,
    online: body['online'] === true,
    changed_at: heard,
    heard_at: site.heard_at !== null && Date.parse(site.heard_at) > Date.parse(heard) ? site.heard_at : heard,
    queue: isObject(own['queue']) ? { ...own['queue'] } : site.queue,
    devices: isObject(own['devices']) ? { ...own['devices'] } : site.devices,
    version: typeof own['version'] === 'string' ? own['version'] : site.version,
  }
}
