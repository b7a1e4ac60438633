/**
 * A map as the pages know it, whichever library draws it: things with a place, lines, what is in sight. All places are WGS-84;
 * what the tiles are drawn in is the drawing's business alone.
 */

import type { Tone } from '../tone'

export interface Place {
  readonly lat: number
  readonly lon: number
}

/** `label` is drawn beside it where there is room. */
export interface Marker extends Place {
  readonly id: string
  readonly label: string
  readonly tone: Tone
  /** Instead of the tone's: of one among many of a kind, such as a van's route. */
  readonly colour?: string
  /** Larger, and above the others. */
  readonly isChosen?: boolean
  /** One of very many: a dot without a name, below the others. */
  readonly isSmall?: boolean
}

export interface MapLine {
  readonly id: string
  readonly points: readonly Place[]
  readonly tone: Tone
  readonly colour?: string
  /** A way nobody has driven yet, or an estimate. */
  readonly isDashed?: boolean
}

export interface MapView {
  /** Instead of those before. Call it at most once a second: each call draws anew. */
  show(markers: readonly Marker[]): void
  draw(lines: readonly MapLine[]): void
  /** Everything of it in sight. */
  fit(places: readonly Place[]): void
  close(): void
}

/** What `GET /api/map` says. */
export interface Ground {
  readonly kind: 'pmtiles' | 'raster' | 'none'
  readonly url: string
  readonly attribution: string
  readonly crs: 'wgs84' | 'gcj02'
  readonly bounds: readonly number[] | null
}

export interface Opening {
  readonly element: HTMLElement
  readonly ground: Ground
  /** Somebody has pointed at a marker. */
  readonly onPick: (id: string) => void
  readonly isDark: boolean
}
