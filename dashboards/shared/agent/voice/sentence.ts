/** What is said aloud, and the clips that say it. Pure; which clips there are, clips.ts knows. */

import type { Language } from '../../i18n/text'

export interface Sentence {
  /** What happened. */
  readonly line: string
  /** What is said instead where a name or a date in the line is in no clip; '' where nothing is. */
  readonly plain: string
  /** Shelves, cells, lanes: `A12`, or several with spaces between. */
  readonly place: string
  /** So many of so many; null: nothing was counted. */
  readonly amount: Amount | null
}

export interface Amount {
  readonly count: number
  readonly of: number
  readonly isInGrams: boolean
  /** The same for a voice that reads texts. */
  readonly text: string
}

/** A pause comes after each breath; in it, clip follows on clip. */
export type Breath = readonly string[]

export interface Reading {
  readonly breaths: readonly Breath[]
  /** Nothing is left out and nothing is said more plainly. */
  readonly isWhole: boolean
}

type Has = (clip: string) => boolean

const DIGITS: Readonly<Record<Language, readonly string[]>> = {
  zh: ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'],
  en: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
}
const TEENS = ['ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen']
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const MOST = 99_999
const MOST_LETTERS = 3 // more of them are a word
const PAUSES: Readonly<Record<Language, RegExp>> = { zh: /[，、：；]/, en: /[,:;] / }

/** As one text, for a voice that reads texts: the shelf by its letters and digits. */
export function textOf({ line, place, amount }: Sentence): string {
  return [line, place.replace(/([A-Z]+)([0-9]+)/g, '$1 $2'), amount?.text ?? ''].filter((part) => part !== '').join('，')
}

/** The clips of a sentence, as far as there are any. */
export function readingOf({ line, plain, place, amount }: Sentence, language: Language, has: Has): Reading {
  const whole = breathsOf(line, language, has)
  const said = whole ?? breathsOf(plain, language, has)
  const places = place.split(' ').filter((one) => one !== '').map((one) => codeOf(one, language))
  const counted = amount ? amountOf(amount, language) : []
  const parts = [said, ...places, counted].filter((part) => part !== null).flat()
  const breaths = parts.filter((breath) => breath.every(has))
  const isWhole = whole !== null && !places.includes(null) && counted !== null && breaths.length === parts.length
  return { breaths, isWhole }
}

/** Null where a part of it is in no clip. */
function breathsOf(line: string, language: Language, has: Has): readonly Breath[] | null {
  const breaths = line === '' ? [] : line.split(PAUSES[language]).map((part) => [clipName(part, language)])
  return breaths.length > 0 && breaths.every((breath) => breath.every(has)) ? breaths : null
}

/** English lines begin with a capital or not, as they come; a letter alone is always one. */
export function clipName(part: string, language: Language): string {
  return language === 'en' && part.length > 1 ? part.toLowerCase() : part
}

/** As staff say it: A12 is "A 十二", A105 "A 幺零五", A07 "A 零七". Null for what is no code, such as a name. */
export function codeOf(code: string, language: Language): readonly Breath[] | null {
  const runs = code.toUpperCase().match(/[A-Z]+|[0-9]+/g) ?? []
  if (runs.length === 0 || runs.join('') !== code.toUpperCase().replace(/[-_.]/g, '')) return null
  if (runs.some((run) => /[A-Z]/.test(run) && run.length > MOST_LETTERS)) return null
  return [runs.flatMap((run) => (/[A-Z]/.test(run) ? run.split('') : digitsOf(run, language)))]
}

function digitsOf(digits: string, language: Language): readonly string[] {
  if (digits.length <= 2 && (digits === '0' || !digits.startsWith('0'))) return numberOf(Number(digits), language) ?? []
  const isLong = language === 'zh' && digits.length > 2
  return digits.split('').map((digit) => (isLong && digit === '1' ? '幺' : DIGITS[language][Number(digit)] ?? ''))
}

function amountOf({ count, of, isInGrams }: Amount, language: Language): readonly Breath[] | null {
  const [one, all] = [numberOf(count, language), numberOf(of, language)]
  if (!one || !all) return null
  if (language === 'en') return [[...one, 'of', ...all, ...(isInGrams ? ['grams'] : [])]]
  return isInGrams ? [[...one, '克'], ['标重', ...all, '克']] : [one, ['共', ...all]]
}

/** 0 to 99,999, in clips; null for other numbers. */
export function numberOf(n: number, language: Language): readonly string[] | null {
  if (!Number.isInteger(n) || n < 0 || n > MOST) return null
  return language === 'zh' ? inChinese(n) : inEnglish(n)
}

const chineseDigit = (value: number): string => DIGITS.zh[value] ?? ''

/** 12 is 十二, 112 is 一百一十二, 102 is 一百零二, 2000 is 两千, 10,050 is 一万零五十. */
function inChinese(n: number): readonly string[] {
  const [myriads, rest] = [Math.floor(n / 10_000), n % 10_000]
  if (myriads === 0) return inThousands(n, false)
  const said = [...(myriads === 2 ? ['两'] : inThousands(myriads, false)), '万']
  if (rest === 0) return said
  return [...said, ...(rest < 1000 ? ['零'] : []), ...inThousands(rest, true)]
}

/** `isAfter`: a larger number was said before it. */
function inThousands(n: number, isAfter: boolean): readonly string[] {
  const [thousands, rest] = [Math.floor(n / 1000), n % 1000]
  if (thousands === 0) return inHundreds(n, isAfter)
  const said = [thousands === 2 && !isAfter ? '两' : chineseDigit(thousands), '千']
  if (rest === 0) return said
  return [...said, ...(rest < 100 ? ['零'] : []), ...inHundreds(rest, true)]
}

function inHundreds(n: number, isAfter: boolean): readonly string[] {
  const [hundreds, tens, ones] = [Math.floor(n / 100), Math.floor(n / 10) % 10, n % 10]
  const said: string[] = []
  if (hundreds > 0) said.push(`${chineseDigit(hundreds)}百`)
  if (tens > 0) said.push(tens === 1 && hundreds === 0 && !isAfter ? '十' : `${chineseDigit(tens)}十`)
  else if (hundreds > 0 && ones > 0) said.push('零')
  if (ones > 0 || n === 0) said.push(chineseDigit(ones))
  return said
}

function inEnglish(n: number): readonly string[] {
  if (n >= 1000) return [...inEnglish(Math.floor(n / 1000)), 'thousand', ...(n % 1000 > 0 ? inEnglish(n % 1000) : [])]
  const [hundreds, rest] = [Math.floor(n / 100), n % 100]
  const said: string[] = []
  if (hundreds > 0) said.push(DIGITS.en[hundreds] ?? '', 'hundred')
  if (rest >= 10 && rest < 20) said.push(TEENS[rest - 10] ?? '')
  else if (rest >= 20) said.push(TENS[Math.floor(rest / 10)] ?? '', ...(rest % 10 > 0 ? [DIGITS.en[rest % 10] ?? ''] : []))
  else if (rest > 0 || n === 0) said.push(DIGITS.en[rest] ?? '')
  return said
}
