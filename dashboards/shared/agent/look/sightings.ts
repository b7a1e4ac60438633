/**
 * Which of the codes in a camera's view is a scan, by the rules of the station's own camera (edge/devices/sightings.py): a matrix
 * code seen once, a bar code twice, none again while it stays in view. Pure; times are handed in.
 */

export interface Seen {
  readonly text: string
  /** AIM identifier without ], such as E0 or Q1. */
  readonly symbology: string
}

interface Sighting {
  readonly code: Seen
  readonly lastMs: number
  readonly agreeing: number
  readonly isScanned: boolean
}

export type Sightings = ReadonlyMap<string, Sighting>

export const AGREE_MS = 350 // two frames of a bar code have to agree within this: a misread is seldom the same twice
export const REARM_MS = 1500 // unseen for this long, the same label is another scan, and a product one piece more
const FRAMES_UNCHECKED = 3 // of a code without a check digit (ITF), whose misreads do come twice

export const NOTHING_SEEN: Sightings = new Map()

/** One frame: what is in view from now on, and what became a scan with it. */
export function frame(seen: Sightings, codes: readonly Seen[], atMs: number): { readonly seen: Sightings; readonly scans: readonly Seen[] } {
  const next = new Map([...seen].filter(([, one]) => atMs - one.lastMs < REARM_MS))
  const scans: Seen[] = []
  for (const code of codes) {
    const key = `${code.symbology} ${code.text}`
    const before = next.get(key)
    const agreeing = before && atMs - before.lastMs <= AGREE_MS ? before.agreeing + 1 : 1
    const wasScanned = before?.isScanned ?? false
    const isScan = !wasScanned && agreeing >= framesNeeded(code)
    next.set(key, { code, lastMs: atMs, agreeing, isScanned: wasScanned || isScan })
    if (isScan) scans.push(code)
  }
  return { seen: next, scans }
}

function framesNeeded({ symbology }: Seen): number {
  if (/^[QdL]/.test(symbology)) return 1 // QR, Data Matrix, PDF417 correct their errors
  return symbology.startsWith('I') ? FRAMES_UNCHECKED : 2
}
