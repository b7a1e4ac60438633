/** The same ground as style.ts, in the words of protomaps-leaflet. */

import {
  CenteredTextSymbolizer, type Feature, type LabelRule, LineLabelSymbolizer, LineSymbolizer, type PaintRule, PolygonSymbolizer,
} from 'protomaps-leaflet'

import { language } from '../i18n/text'
import type { Palette } from './colours'

const kindIs =
  (...kinds: readonly string[]) =>
  (_zoom: number, feature?: Feature): boolean =>
    kinds.some((kind) => kind === feature?.props['kind'])

/** Width by zoom: doubled every one and a half steps from `at14` on. */
const width = (at14: number) => (zoom: number): number => at14 * 2 ** ((zoom - 14) / 1.5)

export function lightPaint(paint: Palette): PaintRule[] {
  const fill = (dataLayer: string, colour: string, ...kinds: readonly string[]): PaintRule => ({
    dataLayer, symbolizer: new PolygonSymbolizer({ fill: colour }), ...(kinds.length ? { filter: kindIs(...kinds) } : {}),
  })
  const line = (colour: string, at14: number, ...kinds: readonly string[]): PaintRule => ({
    dataLayer: 'roads', symbolizer: new LineSymbolizer({ color: colour, width: width(at14) }), filter: kindIs(...kinds),
  })
  return [
    fill('landuse', paint.housing, 'residential', 'commercial', 'school', 'university', 'college', 'hospital'),
    fill('landuse', paint.works, 'industrial'),
    fill('landuse', paint.green, 'park', 'forest', 'wood', 'grassland', 'scrub', 'cemetery', 'pitch'),
    fill('water', paint.water),
    fill('buildings', paint.building),
    line(paint.edge, 3.6, 'minor_road'),
    line(paint.edge, 6.4, 'major_road', 'highway'),
    line(paint.road, 2.4, 'minor_road'),
    line(paint.wide, 5, 'major_road', 'highway'),
    line(paint.rail, 1.2, 'rail'),
  ]
}

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
