/** What a dispatcher reads of vans that are under way. */

import { texts } from '../shared/i18n/text'

const zh = {
  'runs.heading': '在途车次',
  'runs.none': '现在没有在途车次。',
  'run.heard': '{span}前定位',
  'run.never': '没有定位',
  'run.silent': '失联 {span}',
  'run.off': '偏离路线 {m} 米',
  'run.late': '预计晚 {n} 分钟',
  'run.ok': '准点',
  'run.next': '下一站 {name}，{from}–{to}',
  'run.done': '已到 {done} / {n} 站',
  'run.track': '当天轨迹',
  'run.track.hide': '收起轨迹',
  'run.track.none': '当天没有轨迹。',
  'run.replay': '轨迹时间',
  'stops.heading': '{name} 的站点',
  'stops.stop': '站',
  'stops.site': '自提点',
  'stops.state': '状态',
  'stops.planned': '计划',
  'stops.eta': '预计到达',
  'stops.arrived': '到达',
  'stops.left': '离开',
  'stops.estimate': '按直线估算',
  'state.pending': '待配送',
  'state.approaching': '即将到达',
  'state.at_stop': '已到达',
  'state.unloading': '卸货中',
  'state.signed': '已签收',
  'state.signed_with_variance': '差异签收',
  'state.dropped': '无人交接',
  'state.skipped': '跳过',
  'state.failed': '送达失败',
  'alarms.heading': '车辆告警',
  'alarms.none': '没有车辆告警。',
  'alarms.van_silent': '车辆失联',
  'alarms.off_route': '偏离路线',
  'alarms.since': '{time} 起',
  'alarms.over': '已恢复',
  'alarms.owner': '{who} {time} 接手',
  'alarms.nobody': '还没有人处理',
  'alarms.take': '我来处理',
  'alarms.close': '关闭',
  'alarms.note': '备注（可不填）',
  'map.label': '车辆地图',
} as const

const en: Readonly<Record<keyof typeof zh, string>> = {
  'runs.heading': 'Runs under way',
  'runs.none': 'No run is under way now.',
  'run.heard': 'heard {span} ago',
  'run.never': 'never heard',
  'run.silent': 'silent for {span}',
  'run.off': '{m} m off its way',
  'run.late': '{n} min late expected',
  'run.ok': 'in time',
  'run.next': 'next {name}, {from}–{to}',
  'run.done': '{done} of {n} stops reached',
  'run.track': 'Its track of the day',
  'run.track.hide': 'Hide its track',
  'run.track.none': 'No track that day.',
  'run.replay': 'Time on the track',
  'stops.heading': 'Stops of {name}',
  'stops.stop': 'Stop',
  'stops.site': 'Station',
  'stops.state': 'State',
  'stops.planned': 'Planned',
  'stops.eta': 'Expected',
  'stops.arrived': 'Arrived',
  'stops.left': 'Left',
  'stops.estimate': 'an estimate along straight lines',
  'state.pending': 'ahead',
  'state.approaching': 'approaching',
  'state.at_stop': 'there',
  'state.unloading': 'unloading',
  'state.signed': 'signed',
  'state.signed_with_variance': 'signed with a variance',
  'state.dropped': 'dropped',
  'state.skipped': 'skipped',
  'state.failed': 'failed',
  'alarms.heading': 'Alarms of vans',
  'alarms.none': 'No alarm of a van.',
  'alarms.van_silent': 'silent',
  'alarms.off_route': 'off its way',
  'alarms.since': 'since {time}',
  'alarms.over': 'over',
  'alarms.owner': '{who} looks after it since {time}',
  'alarms.nobody': 'nobody looks after it yet',
  'alarms.take': 'I look after it',
  'alarms.close': 'Close',
  'alarms.note': 'Note (may be left out)',
  'map.label': 'Map of vans',
}

export const v = texts(zh, en)

export function stopStateWord(state: string): string {
  const key = `state.${state}`
  return key in zh ? v(key as 'state.pending') : state
}

export function alarmRuleWord(rule: string): string {
  const key = `alarms.${rule}`
  return key in zh ? v(key as 'alarms.van_silent') : rule
}
