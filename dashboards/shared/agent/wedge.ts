/**
 * Scanners that type: key presses in, scans out. Pure; times are event.timeStamp in ms.
 *
 * Such a scanner types a label in one go and ends with Enter or Tab. Keys are read by their place on the board (event.code), so
 * that a Chinese input method does not swallow them and no field needs the focus.
 */

export interface Press {
  readonly code: string
  readonly key: string
  readonly shift: boolean
  readonly ctrl: boolean
  readonly atMs: number
}

const GAP_MS = 120 // the slowest wedge scanner in use types a key in 60 ms, a quick typist in 150
const SHORTEST = 4 // fewer keys in a row can be a person's
const LONGEST = 512

const SHIFTED: Readonly<Record<string, string>> = {
  Digit1: '!', Digit2: '@', Digit3: '#', Digit4: '$', Digit5: '%', Digit6: '^', Digit7: '&', Digit8: '*', Digit9: '(', Digit0: ')',
  Minus: '_', Equal: '+', Slash: '?', Period: '>', Comma: '<', Semicolon: ':', Quote: '"', BracketLeft: '{', BracketRight: '}',
  Backslash: '|', Backquote: '~',
}
const PLAIN: Readonly<Record<string, string>> = {
  Minus: '-', Equal: '=', Slash: '/', Period: '.', Comma: ',', Semicolon: ';', Quote: "'", BracketLeft: '[', BracketRight: ']',
  Backslash: '\\', Backquote: '`', Space: ' ', NumpadDecimal: '.', NumpadSubtract: '-', NumpadAdd: '+', NumpadDivide: '/',
  NumpadMultiply: '*',
}

/** The character a press stands for on a US board; '' for a key that types nothing. Ctrl+] is GS1's separator. */
export function characterOf(press: Press): string {
  const { code, shift, ctrl } = press
  if (ctrl) return code === 'BracketRight' ? '\u001d' : ''
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter !== undefined) return isUpper(press) ? letter : letter.toLowerCase()
  const digit = /^Digit([0-9])$/.exec(code)?.[1]
  if (digit !== undefined && !shift) return digit
  const pad = /^Numpad([0-9])$/.exec(code)?.[1]
  if (pad !== undefined) return pad
  return (shift ? SHIFTED[code] : PLAIN[code]) ?? ''
}

/** Caps lock shows in the key, where the input method leaves the key readable. */
function isUpper(press: Press): boolean {
  return /^[A-Za-z]$/.test(press.key) ? press.key !== press.key.toLowerCase() : press.shift
}

export interface Wedge {
  readonly text: string
  readonly lastMs: number
}

export const EMPTY_WEDGE: Wedge = { text: '', lastMs: -Infinity }

export interface Pressed {
  readonly wedge: Wedge
  /** A whole scan; '' while there is none. */
  readonly scan: string
  /** More than one quick key in a row: this is a scanner, and nobody else should get the key. */
  readonly isTyping: boolean
}

/** Take one key press. */
export function press(wedge: Wedge, pressed: Press): Pressed {
  const isQuick = pressed.atMs - wedge.lastMs <= GAP_MS
  const sofar = isQuick ? wedge.text : ''
  if (pressed.code === 'Enter' || pressed.code === 'NumpadEnter' || pressed.code === 'Tab') {
    const isScan = sofar.length >= SHORTEST
    return { wedge: EMPTY_WEDGE, scan: isScan ? sofar : '', isTyping: isScan }
  }
  const character = characterOf(pressed)
  if (character === '') {
    // Shift and Ctrl go down between a scanner's keys; anything else is a person's.
    const isModifier = /^(Shift|Control|CapsLock|NumLock)/.test(pressed.code)
    return { wedge: isModifier && isQuick ? { text: sofar, lastMs: pressed.atMs } : EMPTY_WEDGE, scan: '', isTyping: false }
  }
  const text = (sofar + character).slice(0, LONGEST)
  return { wedge: { text, lastMs: pressed.atMs }, scan: '', isTyping: text.length > 1 }
}
