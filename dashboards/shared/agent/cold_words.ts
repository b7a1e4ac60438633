/** What the staff page says of fridges, freezers and their alarms. */

import { degrees } from '../i18n/chart'
import { language, texts } from '../i18n/text'
import { span } from '../format'
import type { Alarm, Sensor } from './cold'
import type { Sentence } from './voice/sentence'

const zh = {
  'cold.heading': '温度',
  'cold.asOf': '{time} 测得',
  'cold.ago': '{span}前',
  'cold.silent': '没有读数',
  'cold.silent.since': '{time} 起没有读数',
  'cold.never': '还没有读数',
  'cold.door.open': '门开着',
  'cold.door.closed': '门关着',
  'cold.door.unknown': '柜门状态不明',
  'cold.chart': '24 小时曲线',
  'cold.chart.hide': '收起曲线',
  'cold.chart.waits': '正在读取…',
  'cold.chart.none': '读不到，请稍后再试',
  'cold.limits': '{low} 至 {high}',
  'cold.limits.below': '{high} 以下',
  'cold.other': '其他温度计',
  'goods.chilled': '冷藏',
  'goods.chilled_wide': '冷藏',
  'goods.frozen': '冷冻',
  'alarms.heading': '温度报警',
  'alarms.over': '已恢复的温度报警',
  'alarm.high': '{name} 温度过高',
  'alarm.low': '{name} 温度过低',
  'alarm.door_open': '{name} 门没关',
  'alarm.silent': '{name} 温度计没有读数',
  'alarm.stuck': '{name} 读数一直不变',
  'said.high': '报警：温度过高',
  'said.low': '报警：温度过低',
  'said.door_open': '报警：柜门没关',
  'said.silent': '报警：温度计没有读数',
  'said.stuck': '报警：温度读数不变',
  'alarm.critical': '严重',
  'alarm.value': '{value}（限 {limit}）',
  'alarm.since': '{time} 起，已 {span}',
  'alarm.was': '{time} 起，{until} 已恢复',
  'alarm.door': '可能因为开门',
  'alarm.defrost': '可能因为化霜',
  'alarm.see': '我去处理',
  'alarm.seen': '{name} {time} 已知道',
  'alarm.dispatcher': '调度员',
  'alarm.close': '处理完了',
  'alarm.note': '备注（可不填）',
  'alarm.actor': '店员编号',
  'alarm.do.high': '看柜门关严没有；搬走冷品，联系维修',
  'alarm.do.low': '调高温度；看冷品有没有冻坏',
  'alarm.do.door_open': '去把门关好',
  'alarm.do.silent': '看温度计电源和接线',
  'alarm.do.stuck': '温度计可能坏了，换一个量一量',
  'alarms.old': '还有 {n} 条较早的',
} as const

const en: Record<keyof typeof zh, string> = {
  'cold.heading': 'Temperatures',
  'cold.asOf': 'at {time}',
  'cold.ago': '{span} ago',
  'cold.silent': 'Silent',
  'cold.silent.since': 'silent since {time}',
  'cold.never': 'nothing yet',
  'cold.door.open': 'door open',
  'cold.door.closed': 'door closed',
  'cold.door.unknown': 'door unknown',
  'cold.chart': '24 h chart',
  'cold.chart.hide': 'Hide chart',
  'cold.chart.waits': 'reading…',
  'cold.chart.none': 'cannot be read now: try again',
  'cold.limits': '{low} to {high}',
  'cold.limits.below': '{high} or below',
  'cold.other': 'Other thermometers',
  'goods.chilled': 'Chilled',
  'goods.chilled_wide': 'Chilled',
  'goods.frozen': 'Frozen',
  'alarms.heading': 'Temperature alarms',
  'alarms.over': 'Temperature alarms that are over',
  'alarm.high': '{name} is too warm',
  'alarm.low': '{name} is too cold',
  'alarm.door_open': '{name}: door is open',
  'alarm.silent': '{name}: thermometer is silent',
  'alarm.stuck': '{name}: thermometer repeats itself',
  'said.high': 'Alarm: too warm',
  'said.low': 'Alarm: too cold',
  'said.door_open': 'Alarm: door is open',
  'said.silent': 'Alarm: thermometer is silent',
  'said.stuck': 'Alarm: thermometer repeats itself',
  'alarm.critical': 'critical',
  'alarm.value': '{value} (limit {limit})',
  'alarm.since': 'since {time}, for {span}',
  'alarm.was': 'since {time}, over at {until}',
  'alarm.door': 'the door may be why',
  'alarm.defrost': 'defrosting may be why',
  'alarm.see': 'I see to it',
  'alarm.seen': '{name} knows since {time}',
  'alarm.dispatcher': 'The dispatcher',
  'alarm.close': 'Dealt with',
  'alarm.note': 'Note (may be empty)',
  'alarm.actor': 'Staff id',
  'alarm.do.high': 'Is the door shut? Move the goods, call maintenance',
  'alarm.do.low': 'Set it warmer; look whether goods froze',
  'alarm.do.door_open': 'Go and shut the door',
  'alarm.do.silent': 'Look at its power and cable',
  'alarm.do.stuck': 'It may be broken: measure with another',
  'alarms.old': '{n} earlier ones',
}

export const cold = texts(zh, en)

/** What is wrong, with what: read from a metre away. */
export function alarmHeadline(alarm: Alarm, name: string): string {
  return cold(`alarm.${alarm.rule}`, { name })
}

/** What is said aloud of it; a thermometer's name is in no clip. */
export function alarmSpoken(alarm: Alarm, name: string): Sentence {
  return { line: alarmHeadline(alarm, name), plain: cold(`said.${alarm.rule}`), place: '', amount: null }
}

/** The measured value beside its limit; '' where the alarm is of no value. */
export function alarmValue(alarm: Alarm): string {
  if ((alarm.rule !== 'high' && alarm.rule !== 'low') || alarm.value === null || alarm.limit === null) return ''
  return cold('alarm.value', { value: degrees(alarm.value), limit: degrees(alarm.limit) })
}

export function limitsOf(sensor: Sensor): string {
  const { low = null, high = null } = sensor.box?.limits ?? {}
  if (high === null) return ''
  return low === null ? cold('cold.limits.below', { high: degrees(high) }) : cold('cold.limits', { low: degrees(low), high: degrees(high) })
}

export function ago(ms: number): string {
  return cold('cold.ago', { span: span(ms, language.value) })
}
