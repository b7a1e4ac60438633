import { describe, expect, it } from 'vitest'

import { placed, unplaced } from '../ops/site_places'
import type { Site } from '../shared/api/cloud'
import { palette } from '../shared/map/colours'
import { isSoftware } from '../shared/map/open'
import { areAlike, nearestOf } from '../shared/map/reach'
import { boundsOf, corners, drawnAt } from '../shared/map/shift'
import { styleOf } from '../shared/map/style'
import type { Ground, Marker } from '../shared/map/view'

const OURS: Ground = { kind: 'pmtiles', url: '/api/map/v.pmtiles', attribution: 'a', crs: 'wgs84', bounds: [114, 30, 115, 31] }
const PLACE = { lat: 30.58, lon: 114.29 }

function site(id: string, lat: number | null, online: boolean | null, kind = 'station'): Site {
  return {
    id, kind, name: id, address: '', lat, lon: lat, operators: [], online, changed_at: null, heard_at: null, queue: null, devices: null,
    version: null,
  }
}

describe('where places are drawn', () => {
  it('is where they are on a map in WGS-84, and shifted on one in GCJ-02', () => {
    expect(drawnAt(PLACE, 'wgs84')).toEqual([114.29, 30.58])
    const [lon, lat] = drawnAt(PLACE, 'gcj02')
    expect(lon - 114.29).toBeGreaterThan(0.004)
    expect(lon - 114.29).toBeLessThan(0.007)
    expect(Math.abs(lat - 30.58)).toBeGreaterThan(0.001)
    expect(drawnAt({ lat: 48.1, lon: 11.5 }, 'gcj02')).toEqual([11.5, 48.1]) // outside China nothing is shifted
  })

  it('has corners around all of them, and none around nothing', () => {
    expect(corners([PLACE, { lat: 30, lon: 115 }], 'wgs84')).toEqual([[114.29, 30], [115, 30.58]])
    expect(corners([], 'wgs84')).toBeNull()
    expect(corners(boundsOf(OURS), 'wgs84')).toEqual([[114, 30], [115, 31]])
    expect(boundsOf({ ...OURS, bounds: null })).toEqual([])
  })
})

describe('the style of the ground', () => {
  it('asks nobody but our own origin: no glyphs, no sprites', () => {
    const style = styleOf(OURS, palette(false), 'zh', 'https://own.example')
    expect(style.glyphs).toBeUndefined()
    expect(style.sprite).toBeUndefined()
    expect(JSON.stringify(style.sources)).toContain('pmtiles://https://own.example/api/map/v.pmtiles')
    expect(JSON.stringify(style).match(/https?:\/\/[\w.]+/g)).toEqual(['https://own.example'])
  })

  it('names streets in the language of the page', () => {
    const name = (language: 'zh' | 'en'): string => JSON.stringify(styleOf(OURS, palette(true), language, ''))
    expect(name('zh')).toContain('name:zh')
    expect(name('en')).toContain('name:en')
    expect(name('en')).not.toContain('name:zh')
  })

  it('has tiles of somebody else where they are configured, and none without a map', () => {
    const raster = styleOf({ ...OURS, kind: 'raster', url: 'https://t.example/{z}/{x}/{y}.png' }, palette(false), 'zh', '')
    expect(raster.layers.map((layer) => layer.id)).toEqual(['background', 'tiles'])
    expect(styleOf({ ...OURS, kind: 'none' }, palette(false), 'zh', '').sources).toEqual({})
  })
})

describe('sites on the map', () => {
  it('are those with coordinates, by whether they are heard', () => {
    const sites = [site('a', 30, true), site('b', 31, false), site('c', 32, null), site('d', null, true), site('v', null, true, 'van')]
    expect(placed(sites).map((one) => [one.id, one.tone])).toEqual([['a', 'go'], ['b', 'stop'], ['c', 'wait']])
    expect(unplaced(sites).map((one) => one.id)).toEqual(['d'])
  })
})

describe('who points at the map', () => {
  const dot = (id: string, more: Partial<Marker> = {}): Marker => ({ id, lat: 0, lon: 0, label: '', tone: 'go', ...more })
  const seen = [
    { marker: dot('small', { isSmall: true }), x: 100, y: 100 },
    { marker: dot('below'), x: 140, y: 100 },
    { marker: dot('above'), x: 140, y: 100 },
    { marker: dot('van', { isChosen: true }), x: 112, y: 100 },
  ]

  it.each([
    [111, 100, 'van'], // also beside a dot that is nearer: vans lie above
    [99, 100, 'van'],
    [90, 100, 'small'],
    [140, 110, 'above'],
    [140, 140, undefined],
  ])('at %i, %i means %s', (x, y, id) => {
    expect(nearestOf(seen, x, y)?.id).toBe(id)
  })
})

describe('what a screen can draw', () => {
  it.each([
    [null, true],
    ['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)', true],
    ['llvmpipe (LLVM 15.0.6, 256 bits)', true],
    ['Microsoft Basic Render Driver', true],
    ['ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)', false],
    ['Apple M2', false],
  ])('%s', (renderer, software) => {
    expect(isSoftware(renderer)).toBe(software)
  })
})

describe('markers that are drawn the same', () => {
  const dot: Marker = { id: 'stop/1/1', lat: 31.2, lon: 121.4, label: '', tone: 'move', isSmall: true }

  it('are known by what is seen of them, though they were made anew', () => {
    expect(areAlike([], [])).toBe(true)
    expect(areAlike([dot], [{ ...dot, label: '东门' }])).toBe(true) // whose name is not drawn
    const other: readonly Partial<Marker>[] = [{ lon: 121.5 }, { lat: 31.3 }, { tone: 'go' }, { colour: '#123456' }, { id: 'stop/1/2' }, { isSmall: false }]
    expect(other.filter((one) => areAlike([dot], [{ ...dot, ...one }]))).toEqual([])
    expect([areAlike([dot], []), areAlike([], [dot]), areAlike([dot, { ...dot, id: 'b' }], [{ ...dot, id: 'b' }, dot])]).toEqual([false, false, false])
    const named = { ...dot, isSmall: false }
    expect(areAlike([named], [{ ...named, label: '东门' }])).toBe(false)
  })
})
