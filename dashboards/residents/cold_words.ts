/** What a resident reads of the cold chain: a plain verdict, and how much of the way it stands on. */

import { texts } from '../shared/i18n/text'
import { type ColdParcel, MOSTLY_SEEN, percent, toldVerdict, untold } from './cold'

const zh = {
  heading: '冷链记录',
  'band.between': '{low}–{high} °C',
  'band.below': '{high} °C 以下',
  'band.above': '{low} °C 以上',
  'say.in_range': '全程 {band}，记录覆盖 {percent}%',
  'say.in_range.patchy': '有记录的时间都在 {band}，但只记录到 {percent}% 的时间',
  'say.out': '有 {minutes}超温，最高 {warmest} °C，记录覆盖 {percent}%',
  'say.cold': '有 {minutes}过冷，最低 {coldest} °C，记录覆盖 {percent}%',
  'say.both': '有 {minutes}不在 {band}，最低 {coldest} °C，最高 {warmest} °C，记录覆盖 {percent}%',
  'say.no_data': '没有温度记录，无法判断',
  'say.on_way': '货还没到店，温度记录到站后补全',
  'say.unplaced': '到店了，还没有放进冷柜的记录',
  'say.waiting': '还没有温度记录，货进冷柜后显示',
  'then.excursion': '时间短，没有超过允许的范围。',
  'then.breach': '超过了允许的范围，提货前请先问自提点。',
  'then.no_data': '有疑问请问自提点。',
  'basis.zone': '按同温区冷柜的温度计算。',
  minutes: '{n} 分钟',
  'minutes.less': '不到 1 分钟',
  asOf: '截至 {time}',
  'chart.show': '看温度曲线',
  'chart.hide': '收起曲线',
  'chart.fault': '曲线打不开，请检查网络后重新打开本页。',
  fault: '现在读不到冷链记录，稍后会自动再试。',
  parcel: '包裹 {label}',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Cold chain',
  'band.between': '{low}–{high} °C',
  'band.below': '{high} °C or below',
  'band.above': '{low} °C or above',
  'say.in_range': '{band} all the way, {percent} % of it on record',
  'say.in_range.patchy': '{band} whenever it was measured, but only {percent} % of the way is on record',
  'say.out': 'Too warm for {minutes}, up to {warmest} °C; {percent} % of the way on record',
  'say.cold': 'Too cold for {minutes}, down to {coldest} °C; {percent} % of the way on record',
  'say.both': 'Not {band} for {minutes}: down to {coldest} °C, up to {warmest} °C; {percent} % of the way on record',
  'say.no_data': 'No temperature is on record: nobody can tell',
  'say.on_way': 'Not at the station yet; its temperatures follow once it is',
  'say.unplaced': 'At the station; not yet on record as put in a fridge',
  'say.waiting': 'No temperature yet; it shows once the parcel is in the fridge',
  'then.excursion': 'Briefly, and no more than it may bear.',
  'then.breach': 'More than it may bear: ask the station before you take it.',
  'then.no_data': 'If in doubt, ask the station.',
  'basis.zone': 'By the fridges of its temperature zone.',
  minutes: '{n} min',
  'minutes.less': 'less than a minute',
  asOf: 'as of {time}',
  'chart.show': 'Show the temperatures',
  'chart.hide': 'Hide the temperatures',
  'chart.fault': 'The chart cannot be opened: check the network and open this page again.',
  fault: 'The cold-chain record cannot be read just now; it is tried again by itself.',
  parcel: 'Parcel {label}',
}

export const c = texts(zh, en)

export function bandText(parcel: Pick<ColdParcel, 'band'>): string {
  const { low, high } = parcel.band
  if (low !== null && high !== null) return c('band.between', { low: signed(low), high: signed(high) })
  if (high !== null) return c('band.below', { high: signed(high) })
  return low === null ? '' : c('band.above', { low: signed(low) })
}

/** The verdict in one plain sentence. `state`: where the parcel is. */
export function verdictText(parcel: ColdParcel, state: string): string {
  const { coverage, placed, aboveMin, belowMin } = parcel
  if (toldVerdict(parcel) === 'no_data' || coverage === null || placed === null) return c(`say.${untold(state)}`)
  const isOut = aboveMin + belowMin > 0
  const values = {
    band: bandText(parcel),
    percent: percent(isOut ? coverage : placed),
    minutes: minutesText(aboveMin + belowMin),
    warmest: tenth(parcel.warmest),
    coldest: tenth(parcel.coldest),
  }
  if (!isOut) return placed < MOSTLY_SEEN ? c('say.in_range.patchy', values) : c('say.in_range', values)
  return aboveMin > 0 && belowMin > 0 ? c('say.both', values) : c(aboveMin > 0 ? 'say.out' : 'say.cold', values)
}

/** What is said of a parcel of which nothing is measured yet. */
export function waitingText(state: string): string {
  return state === 'sorted' || state === 'packed' || state === 'received' ? c(`say.${untold(state)}`) : c('say.waiting')
}

/** What follows from it; '' where nothing does. */
export function thenText(parcel: Pick<ColdParcel, 'verdict' | 'placed'>, state: string): string {
  const verdict = toldVerdict(parcel)
  if (verdict === 'in_range' || (verdict === 'no_data' && untold(state) !== 'no_data')) return ''
  return c(`then.${verdict}`)
}

function minutesText(minutes: number): string {
  return minutes < 1 ? c('minutes.less') : c('minutes', { n: Math.round(minutes) })
}

function tenth(value: number | null): string {
  return value === null ? '—' : signed(Math.round(value * 10) / 10)
}

/** With a minus sign, not a hyphen. */
function signed(value: number): string {
  return String(value).replace('-', '−')
}
