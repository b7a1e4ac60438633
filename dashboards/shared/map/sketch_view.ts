/** Where things lie on a small still picture of the map: Web Mercator, the middle and the zoom at which all of it is seen. Pure. */

export interface Size {
  readonly width: number
  readonly height: number
}

/** A place as a map is drawn in, and how far around it must be seen, in metres. */
export interface Shown {
  readonly lon: number
  readonly lat: number
  readonly radiusM: number
}

export interface Tile {
  readonly z: number
  readonly x: number
  readonly y: number
  /** Of its upper left corner in the picture, and of one side, in CSS pixels. */
  readonly left: number
  readonly top: number
  readonly side: number
}

export interface SketchView {
  readonly zoom: number
  /** Pixels from the left and from the top. */
  readonly at: (lon: number, lat: number) => readonly [number, number]
  /** How many pixels a distance is long at a latitude. */
  readonly pixels: (metres: number, lat: number) => number
  /** Those that the picture is made of, of a map that has tiles up to `deepest`. */
  readonly tiles: (deepest: number) => readonly Tile[]
}

const TILE_PX = 256
const EQUATOR_M = 40_075_016.7
const NEAREST_ZOOM = 16.5
const MARGIN_PX = 16

const worldX = (lon: number): number => (lon + 180) / 360
const worldY = (lat: number): number => {
  const sin = Math.sin((lat * Math.PI) / 180)
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)
}
/** Of the whole world's side. */
const worldLength = (metres: number, lat: number): number => metres / (EQUATOR_M * Math.cos((lat * Math.PI) / 180))

export function sketchView(shown: readonly Shown[], size: Size): SketchView {
  const boxes = shown.map((one) => {
    const [x, y, around] = [worldX(one.lon), worldY(one.lat), worldLength(one.radiusM, one.lat)]
    return { west: x - around, east: x + around, north: y - around, south: y + around }
  })
  const west = Math.min(...boxes.map((box) => box.west))
  const east = Math.max(...boxes.map((box) => box.east))
  const north = Math.min(...boxes.map((box) => box.north))
  const south = Math.max(...boxes.map((box) => box.south))
  const room = (pixels: number): number => Math.max(1, pixels - 2 * MARGIN_PX)
  const most = Math.min(room(size.width) / Math.max(east - west, 1e-9), room(size.height) / Math.max(south - north, 1e-9))
  const zoom = Math.min(NEAREST_ZOOM, Math.log2(most / TILE_PX))
  const world = TILE_PX * 2 ** zoom
  const left = ((west + east) / 2) * world - size.width / 2
  const top = ((north + south) / 2) * world - size.height / 2
  return {
    zoom,
    at: (lon, lat) => [worldX(lon) * world - left, worldY(lat) * world - top],
    pixels: (metres, lat) => worldLength(metres, lat) * world,
    tiles: (deepest) => tilesOf(Math.max(0, Math.min(deepest, Math.floor(zoom))), world, left, top, size),
  }
}

function tilesOf(z: number, world: number, left: number, top: number, size: Size): readonly Tile[] {
  const count = 2 ** z
  const side = world / count
  const within = (from: number, length: number): readonly number[] => {
    const first = Math.max(0, Math.floor(from / side))
    const last = Math.min(count - 1, Math.floor((from + length) / side))
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n)
  }
  return within(top, size.height).flatMap((y) =>
    within(left, size.width).map((x) => ({ z, x, y, left: x * side - left, top: y * side - top, side })),
  )
}
