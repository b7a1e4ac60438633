import { afterEach, describe, expect, it, vi } from 'vitest'

import { metresLeft } from '../residents/eta'
import { groundPainting } from '../shared/map/sketch'
import { sketchView } from '../shared/map/sketch_view'

const VAN = { lon: 114.29, lat: 30.582, radiusM: 300 }
const STATION = { lon: 114.3, lat: 30.6, radiusM: 120 }
const SIZE = { width: 320, height: 200 }

describe('a still picture of the map', () => {
  const view = sketchView([VAN, STATION], SIZE)

  it('holds all that is shown, with its surroundings and a margin', () => {
    for (const one of [VAN, STATION]) {
      const [x, y] = view.at(one.lon, one.lat)
      const around = view.pixels(one.radiusM, one.lat)
      expect(Math.min(x, y, SIZE.width - x, SIZE.height - y) - around).toBeGreaterThanOrEqual(15.9)
    }
  })

  it('measures as the ground does', () => {
    const [, vanY] = view.at(VAN.lon, VAN.lat)
    const [, stationY] = view.at(VAN.lon, STATION.lat)
    expect((vanY - stationY) / view.pixels(0.018 * 111_195, 30.591)).toBeCloseTo(1, 2)
  })

  it('is made of tiles that cover it, each beside the next', () => {
    const tiles = view.tiles(14)
    expect(new Set(tiles.map((tile) => tile.z))).toEqual(new Set([Math.min(14, Math.floor(view.zoom))]))
    expect(Math.min(...tiles.map((tile) => tile.left))).toBeLessThanOrEqual(0)
    expect(Math.min(...tiles.map((tile) => tile.top))).toBeLessThanOrEqual(0)
    expect(Math.max(...tiles.map((tile) => tile.left + tile.side))).toBeGreaterThanOrEqual(SIZE.width)
    expect(Math.max(...tiles.map((tile) => tile.top + tile.side))).toBeGreaterThanOrEqual(SIZE.height)
    expect(tiles.length).toBeLessThanOrEqual(9)
  })

  it('puts a place into the tile that the slippy map puts it into', () => {
    const [x, y] = view.at(STATION.lon, STATION.lat)
    const holding = view.tiles(10).filter((one) => x >= one.left && x < one.left + one.side && y >= one.top && y < one.top + one.side)
    expect(holding.map(({ z, x: column, y: row }) => [z, column, row])).toEqual([[10, 837, 420]])
  })

  it('comes no nearer than a street where all is at one place', () => {
    expect(sketchView([{ ...STATION, radiusM: 0 }], SIZE).zoom).toBe(16.5)
  })
})

it('says how far the van is to the nearest hundred metres', () => {
  const leg = { lat: 30.582, lon: 114.29, radius_m: 300, as_of: '', station: { name: '', lat: 30.6, lon: 114.3 } }
  expect(metresLeft(leg)).toBe(2200)
})

describe('the ground of it', () => {
  const RASTER = { kind: 'raster', url: '/{z}/{x}/{y}.png', attribution: '', crs: 'wgs84', bounds: null } as const

  /** How many pictures are painted where only the first `most` of those asked for can be read. */
  async function painted(most: number): Promise<number> {
    let asked = 0
    vi.stubGlobal('window', { devicePixelRatio: 1 })
    vi.stubGlobal('Image', class {
      src = ''
      decode(): Promise<void> {
        asked += 1
        return asked > most ? Promise.reject(new Error('no such tile')) : Promise.resolve()
      }
    })
    const pen = { scale: vi.fn(), fillRect: vi.fn(), drawImage: vi.fn() }
    const paint = await groundPainting(RASTER, [VAN, STATION], SIZE, false)
    paint({ getContext: () => pen } as unknown as HTMLCanvasElement)
    expect(pen.fillRect).toHaveBeenCalledOnce()
    return pen.drawImage.mock.calls.length
  }

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('is painted where one of its tiles is missing', async () => {
    const all = sketchView([VAN, STATION], SIZE).tiles(18).length
    expect(await painted(all)).toBe(all)
    expect(await painted(all - 1)).toBe(all - 1)
  })

  it('is read anew where its file could not be read before', async () => {
    const failing = vi.fn(() => Promise.reject(new TypeError('no network')))
    vi.stubGlobal('fetch', failing)
    for (const times of [1, 2]) {
      await expect(groundPainting({ ...RASTER, kind: 'pmtiles', url: '/a.pmtiles' }, [VAN, STATION], SIZE, false)).rejects.toThrow('no network')
      expect(failing).toHaveBeenCalledTimes(times)
    }
  })

  it('fails where none of them came', async () => {
    await expect(painted(0)).rejects.toThrow('no such tile')
  })
})
