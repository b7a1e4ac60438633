/** What the agent says of the cabinet and of who stands there (edge/http/cabinet.py), and when that is cleared away. Pure. */

import { isObject, readClock, type ServerClock } from '../shared/live/protocol'

export interface Opened {
  readonly cell: string
  /** released: it was opened for them; refused: it stays shut; cell_…: its door did not open, or nobody knows. */
  readonly word: string
  readonly detail: string
  readonly isOpen: boolean
}

export interface Pickup {
  /** Another one: somebody else asks. */
  readonly number: number
  readonly isBusy: boolean
  readonly word: string
  readonly detail: string
  readonly waitS: number
  readonly opened: readonly Opened[]
  readonly atCounter: number
  readonly askStaff: number
}

export interface Cabinet {
  readonly name: string
  readonly isPaired: boolean
  readonly hasScanner: boolean
  readonly clock: ServerClock | null
  /** Null: nobody stands there. */
  readonly pickup: Pickup | null
}

export const CODE_DIGITS = 8
const READ_IN_S = 20 // two lines, by somebody who is looking for their glasses
const GONE_IN_S = 8 // with all doors shut they have what they came for

export function readCabinet(value: unknown): Cabinet | null {
  if (!isObject(value)) return null
  return {
    name: text(value['name']),
    isPaired: value['paired'] === true,
    hasScanner: value['scanner'] === true,
    clock: readClock(value['clock']),
    pickup: readPickup(value['pickup']),
  }
}

function readPickup(value: unknown): Pickup | null {
  if (!isObject(value)) return null
  const opened = Array.isArray(value['opened']) ? value['opened'].filter(isObject) : []
  return {
    number: number(value['number']),
    isBusy: value['busy'] === true,
    word: text(value['word']),
    detail: text(value['detail']),
    waitS: number(value['wait_s']),
    opened: opened.map((one) => ({
      cell: text(one['cell']),
      word: text(one['word']),
      detail: text(one['detail']),
      isOpen: one['open'] === true,
    })),
    atCounter: number(value['at_counter']),
    askStaff: number(value['ask_staff']),
  }
}

/** Seconds until the screen is the next person's; null: a door is opening or stands open, and that is theirs to see. */
export function clearsAfterS(pickup: Pickup): number | null {
  if (pickup.isBusy || pickup.opened.some((one) => one.isOpen)) return null
  const hasAll = pickup.opened.length > 0 && pickup.atCounter === 0 && pickup.opened.every((one) => one.word === 'released')
  return hasAll ? GONE_IN_S : READ_IN_S
}

/** The newest thing to be seen or heard of it: it sounds once for each. */
export function newsOf(pickup: Pickup): string {
  return [pickup.number, pickup.word, ...pickup.opened.map((one) => `${one.cell} ${one.word}`)].join('/')
}

/** `4829 13__`, as codes are printed. */
export function shownCode(digits: string): string {
  const whole = digits.padEnd(CODE_DIGITS, '_')
  return `${whole.slice(0, 4)} ${whole.slice(4)}`
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
