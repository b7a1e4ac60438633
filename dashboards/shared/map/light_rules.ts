/** The same ground as style.ts, in the words of protomaps-leaflet. */

import {
  CenteredTextSymbolizer, type Feature, type LabelRule, LineLabelSymbolizer, LineSymbolizer, type PaintRule, PolygonSymbolizer,
} from 'protomaps-leaflet'

import { language } from '../i18n/text'
import type { Palette } from './colours'
import { areaRules, roadRules, roadWidth } from './ground_rules'

const kindIs =
  (...kinds: readonly string[]) =>
  (_zoom: number, feature?: Feature): boolean =>
    kinds.some((kind) => kind === feature?.props['kind'])

export const lightPaint = (paint: Palette): PaintRule[] => [
  ...areaRules(paint).map(({ layer, kinds, colour }) => ({
    dataLayer: layer, symbolizer: new PolygonSymbolizer({ fill: colour }), ...(kinds.length ? { filter: kindIs(...kinds) } : {}),
  })),
  ...roadRules(paint).map(({ kinds, colour, at14 }) => ({
    dataLayer: 'roads', symbolizer: new LineSymbolizer({ color: colour, width: (zoom: number) => roadWidth(at14, zoom) }),
    filter: kindIs(...kinds),
  })),
]

export function lightLabels(paint: Palette, font: string): LabelRule[] {
  const properties = language.value === 'zh' ? ['name:zh', 'name'] : ['name:en', 'name']
  const look = { labelProps: properties, fill: paint.words, stroke: paint.halo, width: 2 }
  return [
    { dataLayer: 'places', symbolizer: new CenteredTextSymbolizer({ ...look, font: `600 15px ${font}` }) },
    { dataLayer: 'water', symbolizer: new CenteredTextSymbolizer({ ...look, fill: paint.tones.move, font: `12px ${font}` }) },
    {
      dataLayer: 'roads', minzoom: 13, symbolizer: new LineLabelSymbolizer({ ...look, font: `11px ${font}` }),
      filter: kindIs('minor_road', 'major_road', 'highway'),
    },
    { dataLayer: 'landuse', minzoom: 15, symbolizer: new CenteredTextSymbolizer({ ...look, font: `11px ${font}` }) },
  ]
}
