/** Words of the temperature chart. */

import { texts } from './text'

const zh = {
  'chart.label': '{name} 温度',
  'chart.range': '最低 {low} · 最高 {high}',
  'chart.band': '应在 {low} 至 {high}',
  'chart.band.below': '应不高于 {high}',
  'chart.band.above': '应不低于 {low}',
  'chart.outside': '超限 {span}',
  'chart.inside': '没有超限',
  'chart.unobserved': '图上共有 {span}没有读数',
  'chart.doors': '开门 {n} 次',
  'chart.empty': '这段时间没有读数',
  'chart.at': '{time} {value}',
  'chart.degrees': '{value} °C',
  'stack.none': '这个站点还没有温度读数。',
  'stack.silent': '没有读数',
} as const

const en: Record<keyof typeof zh, string> = {
  'chart.label': 'Temperature of {name}',
  'chart.range': 'lowest {low} · highest {high}',
  'chart.band': 'should be {low} to {high}',
  'chart.band.below': 'should be {high} or below',
  'chart.band.above': 'should be {low} or above',
  'chart.outside': 'outside for {span}',
  'chart.inside': 'never outside',
  'chart.unobserved': '{span} of this chart without readings',
  'chart.doors': 'door opened {n} {n?time|times}',
  'chart.empty': 'nothing was measured in this time',
  'chart.at': '{time} {value}',
  'chart.degrees': '{value} °C',
  'stack.none': 'This site has no temperatures yet.',
  'stack.silent': 'silent',
}

export const chart = texts(zh, en)

/** 3.2 °C; a minus sign, not a hyphen. */
export function degrees(value: number): string {
  return chart('chart.degrees', { value: value.toFixed(1).replace(/^-(?=0\.0$)/, '').replace('-', '−') })
}
