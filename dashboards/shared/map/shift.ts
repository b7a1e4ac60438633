/** Where a place is drawn: tiles of Chinese map services lie in GCJ-02, some hundred metres beside WGS-84. Pure. */

import gcoord from 'gcoord'

import type { Ground, Place } from './view'

/** [lon, lat], as drawings want it. */
export function drawnAt(place: Place, crs: Ground['crs']): [number, number] {
  const here: [number, number] = [place.lon, place.lat]
  return crs === 'wgs84' ? here : gcoord.transform(here, gcoord.WGS84, gcoord.GCJ02)
}

/** South-west and north-east corners as [lon, lat]; null where there is nothing to see. */
export function corners(places: readonly Place[], crs: Ground['crs']): [[number, number], [number, number]] | null {
  if (places.length === 0) return null
  const drawn = places.map((place) => drawnAt(place, crs))
  const lons = drawn.map(([lon]) => lon)
  const lats = drawn.map(([, lat]) => lat)
  return [
    [Math.min(...lons), Math.min(...lats)],
    [Math.max(...lons), Math.max(...lats)],
  ]
}

/** The ground's bounds as places. */
export function boundsOf(ground: Ground): readonly Place[] {
  const [west, south, east, north] = ground.bounds ?? []
  if (west === undefined || south === undefined || east === undefined || north === undefined) return []
  return [
    { lat: south, lon: west },
    { lat: north, lon: east },
  ]
}
