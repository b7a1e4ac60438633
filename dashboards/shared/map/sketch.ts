/** A small still picture of the ground on a canvas, for phones that need no map to move: a fifth of what the light map weighs. */

import { VectorTile, type VectorTileFeature } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { PMTiles } from 'pmtiles'

import { type Palette, palette } from './colours'
import { areaRules, roadRules, roadWidth } from './ground_rules'
import { type SketchView, type Size, sketchView, type Shown, type Tile } from './sketch_view'
import type { Ground } from './view'

const LINE = 2
const AREA = 3
const MOST_TILES = 30 // a picture of a phone's width has six
const RASTER_DEEPEST = 18

export type Painting = (canvas: HTMLCanvasElement) => void

/**
 * Reads the ground under what is shown, and gives what paints it at once: a picture that came too late is not painted over a newer one.
 * What is on the ground the caller draws, by `sketchView`. A tile that can't be read stays plain land; rejects where none can be.
 */
export async function groundPainting(ground: Ground, shown: readonly Shown[], size: Size, isDark: boolean): Promise<Painting> {
  const paint = palette(isDark)
  const view = sketchView(shown, size)
  const paintTiles = ground.kind === 'pmtiles' ? await vectors(ground.url, view, paint)
    : ground.kind === 'raster' ? await pictures(ground.url, view) : nothing
  return painting(size, paint, paintTiles)
}

/** Land, and nothing on it. */
export const plainPainting = (size: Size, isDark: boolean): Painting => painting(size, palette(isDark), nothing)

type PaintTiles = (pen: CanvasRenderingContext2D) => void
const nothing: PaintTiles = () => undefined

function painting(size: Size, paint: Palette, paintTiles: PaintTiles): Painting {
  return (canvas) => {
    const scale = window.devicePixelRatio || 1
    canvas.width = Math.round(size.width * scale)
    canvas.height = Math.round(size.height * scale)
    const pen = canvas.getContext('2d')
    if (!pen) return
    pen.scale(scale, scale)
    pen.fillStyle = paint.land
    pen.fillRect(0, 0, size.width, size.height)
    paintTiles(pen)
  }
}

/** Those that came. Rejects as the first did where none came. */
async function whatCame<T>(asked: readonly Promise<T>[]): Promise<readonly T[]> {
  const ended = await Promise.allSettled(asked)
  const came = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (came.length === 0) await Promise.all(asked)
  return came
}

let opened: PMTiles | null = null

/** Its directories are read once, however often is painted. */
function fileAt(url: string): PMTiles {
  if (opened?.source.getKey() !== url) opened = new PMTiles(url)
  return opened
}

/** A file of which something could not be read is opened anew the next time: it keeps failures as it keeps directories. */
async function orForget<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    opened = null
    throw error
  }
}

async function vectors(url: string, view: SketchView, paint: Palette): Promise<PaintTiles> {
  const file = fileAt(url)
  const { maxZoom } = await orForget(file.getHeader())
  const tiles = view.tiles(maxZoom).slice(0, MOST_TILES)
  const read = await whatCame(tiles.map(async (tile) => ({ tile, answer: await orForget(file.getZxy(tile.z, tile.x, tile.y)) })))
  return (pen) => {
    for (const { tile, answer } of read) {
      if (answer) paintTile(pen, new VectorTile(new PbfReader(answer.data)), tile, view.zoom, paint)
    }
  }
}

function paintTile(pen: CanvasRenderingContext2D, data: VectorTile, tile: Tile, zoom: number, paint: Palette): void {
  pen.save()
  pen.beginPath()
  pen.rect(tile.left, tile.top, tile.side, tile.side)
  pen.clip()
  for (const rule of areaRules(paint)) {
    pen.fillStyle = rule.colour
    for (const one of featuresOf(data, rule.layer, AREA, rule.kinds)) {
      trace(pen, one, tile)
      pen.fill('evenodd')
    }
  }
  pen.lineCap = 'round'
  pen.lineJoin = 'round'
  for (const rule of roadRules(paint)) {
    pen.strokeStyle = rule.colour
    pen.lineWidth = roadWidth(rule.at14, zoom)
    for (const one of featuresOf(data, 'roads', LINE, rule.kinds)) {
      trace(pen, one, tile)
      pen.stroke()
    }
  }
  pen.restore()
}

function* featuresOf(data: VectorTile, name: string, type: number, kinds: readonly string[]): Generator<VectorTileFeature> {
  const layer = data.layers[name]
  for (let n = 0; n < (layer?.length ?? 0); n += 1) {
    const one = layer?.feature(n)
    if (one?.type !== type) continue
    if (kinds.length === 0 || kinds.includes(String(one.properties['kind']))) yield one
  }
}

function trace(pen: CanvasRenderingContext2D, one: VectorTileFeature, tile: Tile): void {
  const unit = tile.side / one.extent
  pen.beginPath()
  for (const ring of one.loadGeometry()) {
    ring.forEach((point, n) => {
      const [x, y] = [tile.left + point.x * unit, tile.top + point.y * unit]
      if (n === 0) pen.moveTo(x, y)
      else pen.lineTo(x, y)
    })
  }
}

async function pictures(url: string, view: SketchView): Promise<PaintTiles> {
  const tiles = view.tiles(RASTER_DEEPEST).slice(0, MOST_TILES)
  const read = await whatCame(
    tiles.map(async (tile) => {
      const picture = new Image()
      picture.src = url.replace('{z}', String(tile.z)).replace('{x}', String(tile.x)).replace('{y}', String(tile.y))
      await picture.decode()
      return { tile, picture }
    }),
  )
  return (pen) => {
    for (const { tile, picture } of read) pen.drawImage(picture, tile.left, tile.top, tile.side, tile.side)
  }
}
