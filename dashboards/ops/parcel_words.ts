/** What the operator's people and the stations' read of one parcel's whole life. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '查包裹',
  say: '输入或扫描包裹标签：谁经手、在哪里、温度如何、发生过什么。',
  label: '包裹标签',
  find: '查找',
  order: '订单 {order}',
  'order.none': '没有订单',
  'for': '送往 {site}',
  at: '在 {site}',
  slot: '位置 {slot}',
  custody: '经手和温度',
  'stay.aboard': '车上',
  'stay.now': '至今',
  'stay.seen': '有记录 {n} 分钟',
  'stay.out': '超限 {n} 分钟',
  'stay.none': '没有传感器',
  'basis.place': '按所在冷柜',
  'basis.container': '按筐内温度计',
  'basis.zone': '按同温区冷柜',
  exposure: '暴露账',
  'exposure.range': '限值 {low} 到 {high} °C',
  'exposure.minutes': '过热 {above} 分钟（{above_c} °C·分钟），过冷 {below} 分钟（{below_c} °C·分钟）',
  'exposure.coverage': '有记录 {observed} / {expected} 分钟（{percent}%）',
  'exposure.mkt': '平均动力学温度 {c} °C',
  'excursion.one': '{from}–{to} {rule}，{minutes} 分钟，最高/最低 {peak} °C',
  'rule.high': '过热',
  'rule.low': '过冷',
  'excursion.critical': '超过允许的范围',
  cold: '不需要冷链，或还没有记录。',
  chart: '温度曲线 {label}',
  events: '发生过什么',
  'events.none': '还没有扫描过。',
  'event.undone': '已撤销',
  'event.by': '设备 {device}，操作人 {actor}',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Find a parcel',
  say: 'Enter or scan a parcel’s label: who had it, where it lay, how warm it was, what happened to it.',
  label: 'Parcel’s label',
  find: 'Find',
  order: 'Order {order}',
  'order.none': 'of no order',
  'for': 'for {site}',
  at: 'at {site}',
  slot: 'place {slot}',
  custody: 'Custody and temperatures',
  'stay.aboard': 'in a van',
  'stay.now': 'now',
  'stay.seen': '{n} min on record',
  'stay.out': '{n} min out of range',
  'stay.none': 'nothing measured there',
  'basis.place': 'by the fridge it lay in',
  'basis.container': 'by the container’s thermometer',
  'basis.zone': 'by fridges of its zone',
  exposure: 'Exposure',
  'exposure.range': 'limits {low} to {high} °C',
  'exposure.minutes': 'too warm {above} min ({above_c} °C·min), too cold {below} min ({below_c} °C·min)',
  'exposure.coverage': '{observed} of {expected} min on record ({percent} %)',
  'exposure.mkt': 'mean kinetic temperature {c} °C',
  'excursion.one': '{from}–{to} {rule}, {minutes} min, up or down to {peak} °C',
  'rule.high': 'too warm',
  'rule.low': 'too cold',
  'excursion.critical': 'more than it may bear',
  cold: 'Nothing has to keep it cold, or nothing is on record yet.',
  chart: 'Temperatures {label}',
  events: 'What happened',
  'events.none': 'Nobody has scanned it yet.',
  'event.undone': 'undone',
  'event.by': 'device {device}, by {actor}',
}

export const p = texts(zh, en)

/** A word for what the server says; what this page has no word for is shown as it came. */
export function parcelWord(kind: 'basis' | 'rule', said: string): string {
  const key = `${kind}.${said}`
  return key in zh ? p(key as 'rule.high') : said
}
