/** How fast a new plan takes vans to be, and how that is known. Pure. */

import type { Roads } from '../shared/api/cloud'
import { dayTime } from '../shared/format'
import { language, texts } from '../shared/i18n/text'
import { zone } from './zone'

const zh = {
  guess: '行驶时间按路网时间的 {factor} 倍计算：这是初始值，车辆跑过几十段路后按轨迹自动学习。',
  set: '行驶时间按路网时间的 {factor} 倍计算（{at} 人工设定）。',
  learned: '行驶时间按路网时间的 {factor} 倍计算，由近 28 天的 {legs} 段实际行程学得（{at} 更新）。',
  hours: '{slow} 点最慢（全天的 {slowest} 倍），{quick} 点最快（{quickest} 倍）。',
} as const

const en: Readonly<Record<keyof typeof zh, string>> = {
  guess: 'Driving takes {factor} times what the roads say: a first guess, until some dozen legs of the vans’ own tracks teach better.',
  set: 'Driving takes {factor} times what the roads say (set by hand, {at}).',
  learned: 'Driving takes {factor} times what the roads say, learned from {legs} legs that vans drove in the last 28 days ({at}).',
  hours: 'Slowest at {slow}:00 ({slowest} times the day), quickest at {quick}:00 ({quickest} times).',
}

const t = texts(zh, en)
const TOLD = 0.03 // of the day: less is no difference

/** Sentences; none where there are no roads: plans along straight lines say so themselves. */
export function paceSaid(roads: Roads): string[] {
  if (roads.is_estimate) return []
  const factor = roads.pace.factor.toFixed(2)
  const at = roads.pace_at === null ? '' : dayTime(Date.parse(roads.pace_at), language.value, zone.value)
  const said = {
    guess: () => t('guess', { factor }),
    set: () => t('set', { factor, at }),
    learned: () => t('learned', { factor, at, legs: roads.pace_legs ?? 0 }),
  }[roads.pace_from]()
  const hours = roads.pace.by_hour
  const [slowest, quickest] = [Math.max(...hours), Math.min(...hours)]
  if (slowest - quickest < TOLD) return [said]
  const values = { slow: hours.indexOf(slowest), slowest: slowest.toFixed(2), quick: hours.indexOf(quickest), quickest: quickest.toFixed(2) }
  return [said, t('hours', values)]
}
