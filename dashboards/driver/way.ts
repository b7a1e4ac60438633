/** Hands the way over to the phone's own map: links only, nothing is fetched. Pure. */

import type { DriverStop } from './acts'

export interface Way {
  readonly app: 'phone' | 'amap'
  readonly href: string
}

/** `geo:` is WGS-84 by its standard (RFC 5870); AMap is told that it is, and shifts it by itself. */
export function waysTo(stop: Pick<DriverStop, 'lat' | 'lon' | 'name' | 'address'>): readonly Way[] {
  const { lat, lon } = stop
  if (lat === null || lon === null) {
    const said = encodeURIComponent([stop.address, stop.name].filter(Boolean).join(' '))
    return [{ app: 'phone', href: `geo:0,0?q=${said}` }]
  }
  const name = encodeURIComponent(stop.name)
  return [
    { app: 'phone', href: `geo:${lat},${lon}?q=${lat},${lon}(${name})` },
    { app: 'amap', href: `https://uri.amap.com/navigation?to=${lon},${lat},${name}&mode=car&coordinate=wgs84&callnative=1` },
  ]
}
