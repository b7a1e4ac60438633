/** Which sites have a place on the map, and how they are shown there. Pure. */

import type { Site } from '../shared/api/cloud'
import type { Marker } from '../shared/map/view'
import type { Tone } from '../shared/tone'

const toneOf = (site: Site): Tone => (site.online === null ? 'wait' : site.online ? 'go' : 'stop')

export function placed(sites: readonly Site[]): Marker[] {
  return sites.flatMap((site) =>
    site.lat === null || site.lon === null
      ? []
      : [{ id: site.id, lat: site.lat, lon: site.lon, label: site.name, tone: toneOf(site) }],
  )
}

/** Vans have no place of their own. */
export function unplaced(sites: readonly Site[]): readonly Site[] {
  return sites.filter((site) => site.kind !== 'van' && (site.lat === null || site.lon === null))
}
