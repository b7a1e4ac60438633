/** What the maps without graphics hardware are painted of, bottom first: layers and kinds of Protomaps' schema, version 4. Pure. */

import type { Palette } from './colours'

export interface AreaRule {
  readonly layer: 'landuse' | 'water' | 'buildings'
  /** None: all of the layer. */
  readonly kinds: readonly string[]
  readonly colour: string
}

export interface RoadRule {
  readonly kinds: readonly string[]
  readonly colour: string
  /** Width in CSS pixels at zoom 14. */
  readonly at14: number
}

export const areaRules = (paint: Palette): readonly AreaRule[] => [
  { layer: 'landuse', kinds: ['residential', 'commercial', 'school', 'university', 'college', 'hospital'], colour: paint.housing },
  { layer: 'landuse', kinds: ['industrial'], colour: paint.works },
  { layer: 'landuse', kinds: ['park', 'forest', 'wood', 'grassland', 'scrub', 'cemetery', 'pitch'], colour: paint.green },
  { layer: 'water', kinds: [], colour: paint.water },
  { layer: 'buildings', kinds: [], colour: paint.building },
]

export const roadRules = (paint: Palette): readonly RoadRule[] => [
  { kinds: ['minor_road'], colour: paint.edge, at14: 3.6 },
  { kinds: ['major_road', 'highway'], colour: paint.edge, at14: 6.4 },
  { kinds: ['minor_road'], colour: paint.road, at14: 2.4 },
  { kinds: ['major_road', 'highway'], colour: paint.wide, at14: 5 },
  { kinds: ['rail'], colour: paint.rail, at14: 1.2 },
]

/** Doubled every one and a half steps of zoom. */
export const roadWidth = (at14: number, zoom: number): number => at14 * 2 ** ((zoom - 14) / 1.5)
