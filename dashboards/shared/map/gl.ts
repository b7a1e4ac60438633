/** The map by MapLibre, for screens with a graphics card. */

import 'maplibre-gl/dist/maplibre-gl.css'

import { addProtocol, type GeoJSONSource, Map as GlMap, type MapLayerMouseEvent, NavigationControl, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { Protocol } from 'pmtiles'

import { mapText } from '../i18n/map'
import { language } from '../i18n/text'
import { FONT, palette } from './colours'
import { areAlike, radiusOf } from './reach'
import { boundsOf, corners, drawnAt } from './shift'
import { styleOf } from './style'
import type { MapLine, MapView, Marker, Opening, Place } from './view'

setWorkerUrl(workerUrl)
addProtocol('pmtiles', new Protocol().tile)

// The very many below, apart from the few: they stand, and are cut into tiles anew only where one of them has changed.
const MARKED = ['dots', 'markers'] as const
const empty = (): GeoJSON.FeatureCollection => ({ type: 'FeatureCollection', features: [] })

/** Resolves once it can be drawn on; rejects where this screen can't do it. */
export async function openGl({ element, ground, onPick, isDark }: Opening): Promise<MapView> {
  const paint = palette(isDark)
  const bounds = corners(boundsOf(ground), ground.crs)
  const map = new GlMap({
    container: element,
    style: styleOf(ground, paint, language.value, location.origin),
    attributionControl: { compact: false },
    localIdeographFontFamily: FONT,
    locale: { 'Map.Title': mapText('title'), 'NavigationControl.ZoomIn': mapText('zoom.in'), 'NavigationControl.ZoomOut': mapText('zoom.out') },
    maxZoom: 19,
    fadeDuration: 0,
    ...(bounds ? { bounds, fitBoundsOptions: { padding: 16 } } : {}),
  })
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  await new Promise<void>((resolve, reject) => {
    map.once('load', () => {
      resolve()
    })
    map.once('error', ({ error }) => {
      if (!map.isStyleLoaded()) reject(new Error(error.message))
    })
  })
  map.addSource('lines', { type: 'geojson', data: empty() })
  map.addSource('dots', { type: 'geojson', data: empty() })
  map.addSource('markers', { type: 'geojson', data: empty() })
  const colour = ['get', 'colour'] as unknown as string
  const line = { type: 'line', source: 'lines', layout: { 'line-cap': 'round', 'line-join': 'round' } } as const
  map.addLayer({ id: 'lines', ...line, filter: ['!', ['get', 'dashed']], paint: { 'line-color': colour, 'line-width': 4 } })
  map.addLayer({
    id: 'dashed-lines', ...line, filter: ['get', 'dashed'], paint: { 'line-color': colour, 'line-width': 4, 'line-dasharray': [1, 2] },
  })
  for (const id of MARKED) {
    map.addLayer({
      id, type: 'circle', source: id,
      paint: {
        'circle-color': colour, 'circle-radius': ['get', 'radius'], 'circle-stroke-color': paint.halo, 'circle-stroke-width': ['get', 'halo'],
      },
      layout: { 'circle-sort-key': ['get', 'radius'] },
    })
  }
  map.addLayer({
    id: 'marker-names', type: 'symbol', source: 'markers', minzoom: 11,
    layout: {
      'text-field': ['get', 'label'], 'text-size': 13, 'text-anchor': 'left', 'text-offset': [0.9, 0], 'text-optional': true,
    },
    paint: { 'text-color': paint.words, 'text-halo-color': paint.halo, 'text-halo-width': 1.8 },
  })
  const pick = (event: MapLayerMouseEvent): void => {
    const id: unknown = event.features?.[0]?.properties['id']
    if (typeof id === 'string') onPick(id)
  }
  map.on('click', [...MARKED], pick)
  map.on('mouseenter', [...MARKED], () => (map.getCanvas().style.cursor = 'pointer'))
  map.on('mouseleave', [...MARKED], () => (map.getCanvas().style.cursor = ''))
  let dots: readonly Marker[] = []

  return {
    show(markers: readonly Marker[]) {
      mark('markers', markers.filter((one) => !one.isSmall))
      const small = markers.filter((one) => one.isSmall)
      if (areAlike(dots, small)) return
      dots = small
      mark('dots', small)
    },
    draw(lines: readonly MapLine[]) {
      void source('lines').setData({
        type: 'FeatureCollection',
        features: lines.map((one) => ({
          type: 'Feature',
          geometry: { type: 'LineString', coordinates: one.points.map((point) => drawnAt(point, ground.crs)) },
          properties: { colour: one.colour ?? paint.tones[one.tone], dashed: one.isDashed ?? false },
        })),
      })
    },
    fit(places: readonly Place[]) {
      const all = corners(places, ground.crs)
      if (all) map.fitBounds(all, { padding: 48, maxZoom: 16, animate: false })
    },
    close() {
      map.remove()
    },
  }

  function mark(id: (typeof MARKED)[number], markers: readonly Marker[]): void {
    void source(id).setData({
      type: 'FeatureCollection',
      features: markers.map((one) => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: drawnAt(one, ground.crs) },
        properties: {
          id: one.id,
          label: one.isSmall ? '' : one.label,
          colour: one.colour ?? paint.tones[one.tone],
          radius: radiusOf(one),
          halo: one.isSmall ? 1 : 2,
        },
      })),
    })
  }

  function source(id: string): GeoJSONSource {
    const found = map.getSource<GeoJSONSource>(id)
    if (!found) throw new Error(`the map has no source ${id}`)
    return found
  }
}
