/** A scanner that is pulled or broken: what is scanned with it now goes nowhere, and what stands there is from before. Pure. */

import type { Device, Scan, Status } from './agent'

const READ_LABELS = new Set(['scanner', 'hid', 'camera'])

export interface Pulled {
  readonly devices: readonly Device[]
  /** Nothing was scanned since: this is what has to be seen first. */
  readonly isNews: boolean
}

/** `isMine`: the devices this page is concerned with. Null: all of them are well. */
export function pulledOf(status: Status | null, scan: Scan | null, isMine: (device: string) => boolean): Pulled | null {
  const devices = (status?.devices ?? []).filter((one) => one.state !== 'ok' && READ_LABELS.has(one.kind) && isMine(one.name))
  if (devices.length === 0) return null
  const sinceMs = Math.max(...devices.map((one) => one.sinceMs))
  return { devices, isNews: scan === null || scan.atMs < sinceMs }
}
