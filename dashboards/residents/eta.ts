/** When the van comes, as the resident's page says it: whole minutes, the window never narrower than it is. */

import type { components } from '../shared/api/schema'

export type EtaWindow = components['schemas']['WindowOut']
export type LastLeg = components['schemas']['LastLegOut']

const MINUTE_MS = 60_000
const SILENT_MS = 5 * MINUTE_MS // longer than any tunnel

export interface ShownWindow {
  readonly earlyMs: number
  readonly lateMs: number
  readonly asOfMs: number
  readonly stopsBefore: number
  readonly isEstimate: boolean
  readonly isSilent: boolean
}

export function shownWindow(said: EtaWindow, nowMs: number): ShownWindow {
  const asOfMs = Date.parse(said.as_of)
  return {
    earlyMs: Math.floor(Date.parse(said.early) / MINUTE_MS) * MINUTE_MS,
    lateMs: Math.ceil(Date.parse(said.late) / MINUTE_MS) * MINUTE_MS,
    asOfMs,
    stopsBefore: said.stops_before,
    isEstimate: said.is_estimate,
    isSilent: nowMs - asOfMs > SILENT_MS,
  }
}

/** Metres in a straight line, to the nearest hundred: what is known of the van is no nearer than that. */
export function metresLeft(leg: LastLeg): number {
  const toRad = Math.PI / 180
  const north = (leg.station.lat - leg.lat) * toRad
  const east = (leg.station.lon - leg.lon) * toRad * Math.cos(((leg.station.lat + leg.lat) / 2) * toRad)
  return Math.round((Math.hypot(north, east) * 6_371_000) / 100) * 100
}
