/** MapLibre's style of our own map: Protomaps' layers, without glyph or sprite files. Pure. */

import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'

import type { Language } from '../i18n/text'
import type { Palette } from './colours'
import type { Ground } from './view'

const BASE = 'base'

export function styleOf(ground: Ground, paint: Palette, language: Language, origin: string): StyleSpecification {
  return {
    version: 8,
    sources: sourcesOf(ground, origin),
    layers: [
      { id: 'background', type: 'background', paint: { 'background-color': paint.land } },
      ...(ground.kind === 'pmtiles' ? [...areas(paint), ...roads(paint), ...words(paint, language)] : []),
      ...(ground.kind === 'raster' ? [{ id: 'tiles', type: 'raster', source: BASE } as const] : []),
    ],
  }
}

function sourcesOf(ground: Ground, origin: string): Record<string, SourceSpecification> {
  switch (ground.kind) {
    case 'pmtiles':
      return { [BASE]: { type: 'vector', url: `pmtiles://${origin}${ground.url}`, attribution: ground.attribution } }
    case 'raster':
      return { [BASE]: { type: 'raster', tiles: [ground.url], tileSize: 256, attribution: ground.attribution } }
    case 'none':
      return {}
  }
}

const of = (layer: string) => ({ source: BASE, 'source-layer': layer }) as const
const kindIs = (...kinds: string[]): ExpressionSpecification => ['in', ['get', 'kind'], ['literal', kinds]]
/** Wider as one comes nearer: width at zoom 10, 14 and 18. */
const width = (far: number, middle: number, near: number): ExpressionSpecification => [
  'interpolate', ['exponential', 1.5], ['zoom'], 10, far, 14, middle, 18, near,
]

function areas(paint: Palette): LayerSpecification[] {
  const fill = (id: string, colour: string, kinds: string[]): LayerSpecification => ({
    id, type: 'fill', ...of('landuse'), filter: kindIs(...kinds), paint: { 'fill-color': colour },
  })
  return [
    fill('housing', paint.housing, ['residential', 'commercial', 'school', 'university', 'college', 'hospital']),
    fill('works', paint.works, ['industrial']),
    fill('green', paint.green, ['park', 'forest', 'wood', 'grassland', 'scrub', 'cemetery', 'pitch']),
    { id: 'water', type: 'fill', ...of('water'), filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': paint.water } },
    {
      id: 'streams', type: 'line', ...of('water'), filter: ['==', ['geometry-type'], 'LineString'],
      paint: { 'line-color': paint.water, 'line-width': width(0.5, 2, 8) },
    },
    { id: 'buildings', type: 'fill', ...of('buildings'), minzoom: 14, paint: { 'fill-color': paint.building } },
  ]
}

function roads(paint: Palette): LayerSpecification[] {
  const widths: readonly (readonly [string, string, ExpressionSpecification, string[]])[] = [
    ['minor', paint.road, width(0.3, 2.5, 14), ['minor_road']],
    ['major', paint.wide, width(1, 5, 22), ['major_road']],
    ['highway', paint.wide, width(1.6, 6, 26), ['highway']],
  ]
  const line = (id: string, colour: string, size: ExpressionSpecification, kinds: string[], gap = false): LayerSpecification => ({
    id, type: 'line', ...of('roads'), filter: kindIs(...kinds), layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: gap ? { 'line-color': colour, 'line-width': 1, 'line-gap-width': size } : { 'line-color': colour, 'line-width': size },
  })
  return [
    line('paths', paint.edge, width(0.2, 0.8, 3), ['path', 'other']),
    line('rail', paint.rail, width(0.5, 1.2, 3), ['rail']),
    ...widths.map(([id, , size, kinds]) => line(`${id}-edge`, paint.edge, size, kinds, true)),
    ...widths.map(([id, colour, size, kinds]) => line(id, colour, size, kinds)),
  ]
}

function words(paint: Palette, language: Language): LayerSpecification[] {
  const name: ExpressionSpecification =
    language === 'zh' ? ['coalesce', ['get', 'name:zh'], ['get', 'name']] : ['coalesce', ['get', 'name:en'], ['get', 'name']]
  const look = { 'text-color': paint.words, 'text-halo-color': paint.halo, 'text-halo-width': 1.4 }
  const text = (size: number) => ({ 'text-field': name, 'text-size': size, 'text-max-width': 8 })
  return [
    {
      id: 'street-names', type: 'symbol', ...of('roads'), minzoom: 12, filter: kindIs('minor_road', 'major_road', 'highway'),
      layout: { ...text(11), 'symbol-placement': 'line', 'symbol-spacing': 350 }, paint: look,
    },
    {
      id: 'ground-names', type: 'symbol', ...of('landuse'), minzoom: 14.5, layout: text(11), paint: { ...look, 'text-opacity': 0.85 },
    },
    {
      id: 'water-names', type: 'symbol', ...of('water'), minzoom: 10, filter: ['has', 'name'], layout: text(12),
      paint: { ...look, 'text-color': paint.tones.move },
    },
    { id: 'place-names', type: 'symbol', ...of('places'), layout: text(15), paint: look },
  ]
}
