/** What the ground is painted with: quiet, so that what moves on it is seen. Pure. */

import type { Tone } from '../tone'

export interface Palette {
  readonly land: string
  readonly housing: string
  readonly works: string
  readonly green: string
  readonly water: string
  readonly building: string
  readonly road: string
  readonly wide: string
  readonly edge: string
  readonly rail: string
  readonly words: string
  readonly halo: string
  readonly tones: Readonly<Record<Tone, string>>
  readonly onTone: string
}

const LIGHT: Palette = {
  land: '#f4f2ec',
  housing: '#efece3',
  works: '#ece8ec',
  green: '#dcebd4',
  water: '#c3dcea',
  building: '#e2ddd0',
  road: '#ffffff',
  wide: '#fff3d1',
  edge: '#d3cdbd',
  rail: '#b9b3a6',
  words: '#3d4743',
  halo: '#ffffff',
  tones: { go: '#0b5d45', move: '#1a4f8f', wait: '#6b746f', warn: '#b86400', stop: '#b3201d' },
  onTone: '#ffffff',
}

const DARK: Palette = {
  land: '#1a201e',
  housing: '#1f2624',
  works: '#23232a',
  green: '#1d2c22',
  water: '#16303f',
  building: '#2a322f',
  road: '#39433f',
  wide: '#4b4a3a',
  edge: '#121715',
  rail: '#4f5753',
  words: '#c9d3ce',
  halo: '#141a18',
  tones: { go: '#7fd6b3', move: '#9cc6f7', wait: '#aab5b0', warn: '#f5c272', stop: '#ffaba4' },
  onTone: '#0f1513',
}

export const palette = (isDark: boolean): Palette => (isDark ? DARK : LIGHT)

/** The reader's own fonts: nothing is fetched for a label. */
export const FONT = "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', system-ui, sans-serif"
