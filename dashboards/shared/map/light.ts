/** The light map by Leaflet on a canvas: for phones, and for screens whose graphics a processor computes. */

import 'leaflet/dist/leaflet.css'

import L from 'leaflet'
import { leafletLayer } from 'protomaps-leaflet'

import { mapText } from '../i18n/map'
import { FONT, palette, type Palette } from './colours'
import { lightLabels, lightPaint } from './light_rules'
import { Dots } from './dots'
import { boundsOf, corners, drawnAt } from './shift'
import type { Ground, MapLine, MapView, Marker, Opening, Place } from './view'

export function openLight({ element, ground, onPick, isDark }: Opening): MapView {
  const paint = palette(isDark)
  element.style.background = paint.land
  const map = L.map(element, { preferCanvas: true, zoomControl: false, maxZoom: 19, zoomAnimation: false, fadeAnimation: false })
  map.attributionControl.setPrefix(false)
  L.control.zoom({ position: 'topright', zoomInTitle: mapText('zoom.in'), zoomOutTitle: mapText('zoom.out') }).addTo(map)
  groundLayer(ground, paint)?.addTo(map)
  const drawing = L.canvas({ padding: 0.3 })
  const lines = L.layerGroup().addTo(map)
  const dots = new Dots(ground.crs, paint, onPick).addTo(map)
  const at = (place: Place): L.LatLngTuple => {
    const [lon, lat] = drawnAt(place, ground.crs)
    return [lat, lon]
  }
  let refit = (): void => undefined
  const fit = (places: readonly Place[], padding: number): void => {
    const all = corners(places, ground.crs)
    if (!all) return
    const [[west, south], [east, north]] = all
    refit = () => {
      map.fitBounds([[south, west], [north, east]], { padding: [padding, padding], maxZoom: 16, animate: false })
    }
    refit()
  }
  // The page's styles may come after the map. Until its reader takes hold of it, it shows what it was told to, whatever its size.
  for (const held of ['pointerdown', 'wheel', 'keydown']) {
    element.addEventListener(held, () => (refit = () => undefined), { passive: true, capture: true })
  }
  const sized = new ResizeObserver(() => {
    map.invalidateSize({ animate: false, pan: false })
    refit()
  })
  sized.observe(element)
  if (ground.bounds) fit(boundsOf(ground), 8)
  else map.setView([30, 110], 4)

  return {
    show(wanted: readonly Marker[]) {
      dots.show(wanted)
    },
    draw(wanted: readonly MapLine[]) {
      lines.clearLayers()
      for (const one of wanted) {
        L.polyline(one.points.map(at), {
          renderer: drawing, color: one.colour ?? paint.tones[one.tone], weight: 4, ...(one.isDashed ? { dashArray: '4 8' } : {}),
        }).addTo(lines)
      }
    },
    fit(places: readonly Place[]) {
      fit(places, 48)
    },
    close() {
      sized.disconnect()
      map.remove()
    },
  }
}

function groundLayer(ground: Ground, paint: Palette): L.Layer | null {
  switch (ground.kind) {
    case 'pmtiles':
      // It looks for Leaflet where a page without a bundler has it.
      ;(globalThis as unknown as { L: typeof L }).L = L
      return leafletLayer({
        url: ground.url, attribution: ground.attribution, maxDataZoom: 14, backgroundColor: paint.land, paintRules: lightPaint(paint),
        labelRules: lightLabels(paint, FONT),
      }) as unknown as L.Layer
    case 'raster':
      return L.tileLayer(ground.url, { attribution: ground.attribution, maxZoom: 19 })
    case 'none':
      return null
  }
}
