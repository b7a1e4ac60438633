import { describe, expect, it } from 'vitest'

import { EMPTY_WEDGE, type Press, press } from '../shared/agent/wedge'

/** Presses as a scanner makes them, `gapMs` apart. */
function presses(text: string, gapMs: number): Press[] {
  return Array.from(`${text}\n`).map((character, index) => ({ ...key(character), atMs: 1000 + index * gapMs }))
}

function key(character: string): Omit<Press, 'atMs'> {
  if (character === '\n') return { code: 'Enter', key: 'Enter', shift: false, ctrl: false }
  if (character === '\u001d') return { code: 'BracketRight', key: ']', shift: false, ctrl: true }
  if (character === ':') return { code: 'Semicolon', key: ':', shift: true, ctrl: false }
  if (/[0-9]/.test(character)) return { code: `Digit${character}`, key: character, shift: false, ctrl: false }
  const isUpper = character !== character.toLowerCase()
  return { code: `Key${character.toUpperCase()}`, key: character, shift: isUpper, ctrl: false }
}

function scans(all: readonly Press[]): string[] {
  const found: string[] = []
  let wedge = EMPTY_WEDGE
  for (const one of all) {
    const pressed = press(wedge, one)
    wedge = pressed.wedge
    if (pressed.scan !== '') found.push(pressed.scan)
  }
  return found
}

describe('a scanner that types', () => {
  it.each(['TTP0000001017', 'SLOT:A12', '6901234567892', '01069012345\u001d21abc'])('is read whole: %j', (label) => {
    expect(scans(presses(label, 15))).toEqual([label])
  })

  it('is read through a Chinese input method, which hides the keys', () => {
    const hidden = presses('TTP0000001017', 15).map((one) => (one.code === 'Enter' ? one : { ...one, key: 'Process' }))
    expect(scans(hidden)).toEqual(['TTP0000001017'])
  })

  it('sends Shift on its own between its keys', () => {
    const keys = presses('TTP1', 20).flatMap((one): Press[] =>
      one.shift ? [{ code: 'ShiftLeft', key: 'Shift', shift: true, ctrl: false, atMs: one.atMs - 5 }, one] : [one],
    )
    expect(scans(keys)).toEqual(['TTP1'])
  })

  it('may scan ten times a second, and none is skipped', () => {
    const labels = Array.from({ length: 20 }, (_, index) => `TTP000000${String(1000 + index)}`)
    const all = labels.flatMap((label, index) => presses(label, 5).map((one) => ({ ...one, atMs: one.atMs + index * 100 })))
    expect(scans(all)).toEqual(labels)
  })
})

describe('a person', () => {
  it('types slower and makes no scan', () => {
    expect(scans(presses('TTP0000001017', 180))).toEqual([])
  })

  it('presses Enter alone, or after a few keys, and makes no scan', () => {
    expect(scans(presses('', 10))).toEqual([])
    expect(scans(presses('ab', 10))).toEqual([])
  })
})
