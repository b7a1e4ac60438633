/** Thousands of markers on one canvas of the light map: of each drawing only those in sight, once a frame at most. */

import L from 'leaflet'

import { FONT, type Palette } from './colours'
import { nearestOf, radiusOf, rankOf, type Seen } from './reach'
import { drawnAt } from './shift'
import type { Ground, Marker } from './view'

const MOST_NAMES = 80 // more than anybody reads
const MARGIN_PX = 24 // whose middle is out of sight may reach into it
const NAME_REM = 0.8125

export class Dots extends L.Layer {
  private readonly canvas = L.DomUtil.create('canvas', 'leaflet-layer')
  private readonly sprites = new Map<string, HTMLCanvasElement>()
  // Of each marker where it lies on the whole world's square, as parts of it: markers that stay are objects that stay.
  private places = new WeakMap<Marker, readonly [number, number]>()
  private ranked: readonly Marker[] = []
  private seen: readonly Seen[] = []
  private frame = 0
  private fontPx = 13

  constructor(
    private readonly crs: Ground['crs'],
    private readonly paint: Palette,
    private readonly onPick: (id: string) => void,
  ) {
    super()
  }

  show(markers: readonly Marker[]): void {
    this.ranked = [0, 1, 2].flatMap((rank) => markers.filter((one) => rankOf(one) === rank))
    this.soon()
  }

  override onAdd(map: L.Map): this {
    this.canvas.style.pointerEvents = 'none'
    map.getPanes().markerPane.append(this.canvas)
    this.fontPx = NAME_REM * parseFloat(getComputedStyle(document.documentElement).fontSize)
    map.on('move zoom moveend zoomend viewreset resize', this.soon)
    map.on('click', this.click)
    map.on('mousemove', this.point)
    this.soon()
    return this
  }

  override onRemove(map: L.Map): this {
    cancelAnimationFrame(this.frame)
    map.off('move zoom moveend zoomend viewreset resize', this.soon)
    map.off('click', this.click)
    map.off('mousemove', this.point)
    this.canvas.remove()
    return this
  }

  private readonly soon = (): void => {
    if (this.frame) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.draw()
    })
  }

  private draw(): void {
    const map = this._map as L.Map | null
    const pen = this.canvas.getContext('2d')
    if (!map || !pen) return
    const size = map.getSize()
    const dense = window.devicePixelRatio || 1
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]))
    this.canvas.width = size.x * dense
    this.canvas.height = size.y * dense
    this.canvas.style.width = `${size.x}px`
    this.canvas.style.height = `${size.y}px`
    pen.scale(dense, dense)
    this.seen = this.inSight(map, size)
    for (const { marker, x, y } of this.seen) {
      const half = radiusOf(marker) + 2
      pen.drawImage(this.sprite(marker.colour ?? this.paint.tones[marker.tone], radiusOf(marker), dense), x - half, y - half, 2 * half, 2 * half)
    }
    this.write(pen, size)
  }

  private inSight(map: L.Map, size: L.Point): Seen[] {
    const world = 256 * 2 ** map.getZoom()
    const corner = map.getPixelBounds().getTopLeft()
    const seen: Seen[] = []
    for (const marker of this.ranked) {
      const [across, down] = this.placeOf(marker)
      const x = across * world - corner.x
      const y = down * world - corner.y
      if (x > -MARGIN_PX && y > -MARGIN_PX && x < size.x + MARGIN_PX && y < size.y + MARGIN_PX) seen.push({ marker, x, y })
    }
    return seen
  }

  private placeOf(marker: Marker): readonly [number, number] {
    const known = this.places.get(marker)
    if (known) return known
    const [lon, lat] = drawnAt(marker, this.crs)
    const { x, y } = L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lon), 0)
    const place = [x / 256, y / 256] as const
    this.places.set(marker, place)
    return place
  }

  private sprite(colour: string, radius: number, dense: number): HTMLCanvasElement {
    const key = `${colour} ${radius} ${dense}`
    const known = this.sprites.get(key)
    if (known) return known
    const made = document.createElement('canvas')
    const half = radius + 2
    made.width = made.height = 2 * half * dense
    const pen = made.getContext('2d')
    if (pen) {
      pen.scale(dense, dense)
      pen.beginPath()
      pen.arc(half, half, radius, 0, 2 * Math.PI)
      pen.fillStyle = colour
      pen.fill()
      pen.lineWidth = radius < 5 ? 1 : 2
      pen.strokeStyle = this.paint.halo
      pen.stroke()
    }
    this.sprites.set(key, made)
    return made
  }

  /** Names, the most important first; one that would lie on another is left out. */
  private write(pen: CanvasRenderingContext2D, size: L.Point): void {
    const named = this.seen.filter(({ marker }) => !marker.isSmall && marker.label !== '')
    if (named.length > MOST_NAMES) return
    pen.font = `600 ${this.fontPx}px ${FONT}`
    pen.textBaseline = 'middle'
    pen.lineJoin = 'round'
    pen.lineWidth = 4
    pen.strokeStyle = this.paint.halo
    pen.fillStyle = this.paint.words
    const taken: { left: number; right: number; top: number; bottom: number }[] = []
    for (const { marker, x, y } of named.reverse()) {
      const width = pen.measureText(marker.label).width
      const beside = x + radiusOf(marker) + 4
      const left = beside + width > size.x ? x - radiusOf(marker) - 4 - width : beside
      const box = { left, right: left + width, top: y - this.fontPx * 0.7, bottom: y + this.fontPx * 0.7 }
      if (taken.some((one) => box.left < one.right && box.right > one.left && box.top < one.bottom && box.bottom > one.top)) continue
      taken.push(box)
      pen.strokeText(marker.label, left, y)
      pen.fillText(marker.label, left, y)
    }
  }

  private readonly click = (event: L.LeafletMouseEvent): void => {
    const found = nearestOf(this.seen, event.containerPoint.x, event.containerPoint.y)
    if (found) this.onPick(found.id)
  }

  private readonly point = (event: L.LeafletMouseEvent): void => {
    const found = nearestOf(this.seen, event.containerPoint.x, event.containerPoint.y)
    this._map.getContainer().style.cursor = found ? 'pointer' : ''
  }
}
