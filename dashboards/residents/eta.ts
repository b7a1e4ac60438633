/** When the van comes, and as of when that is known, as the resident's page says it. */

import type { components } from '../shared/api/schema'
import { type ArrivalWindow, isSilentSince, windowOf } from '../shared/eta'

export type EtaWindow = components['schemas']['WindowOut']
export type LastLeg = components['schemas']['LastLegOut']

export interface ShownWindow extends ArrivalWindow {
  readonly asOfMs: number
  readonly stopsBefore: number
  readonly isEstimate: boolean
  readonly isSilent: boolean
}

export function shownWindow(said: EtaWindow, nowMs: number): ShownWindow {
  return {
    ...windowOf(said.early, said.late),
    asOfMs: Date.parse(said.as_of),
    stopsBefore: said.stops_before,
    isEstimate: said.is_estimate,
    isSilent: isSilentSince(said.as_of, nowMs),
  }
}

/** Metres in a straight line, to the nearest hundred: what is known of the van is no nearer than that. */
export function metresLeft(leg: LastLeg): number {
  const toRad = Math.PI / 180
  const north = (leg.station.lat - leg.lat) * toRad
  const east = (leg.station.lon - leg.lon) * toRad * Math.cos(((leg.station.lat + leg.lat) / 2) * toRad)
  return Math.round((Math.hypot(north, east) * 6_371_000) / 100) * 100
}
