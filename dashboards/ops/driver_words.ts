/** What planners read of drivers' links. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '司机链接',
  say: '司机用手机打开链接就能看到自己的车次，不用账号，没有网络也能用。链接两天后失效；作废后，之前发出的都不能再用。',
  day: '日期',
  look: '查看车次',
  none: '这一天没有车次。',
  'no.vehicle': '未派车',
  stops: '{n} 站',
  make: '生成链接',
  revoke: '作废链接',
  revoked: '这个车次的链接已全部作废。',
  made: '{run} 的司机链接',
  until: '有效至 {time}。请司机扫码，或把链接发给司机本人。',
  'note.site': '自提点',
  note: '进门说明',
  'note.example': '例如：走北门，按铃',
  'note.do': '保存进门说明',
  'note.done': '已保存，司机下次刷新时看到。',
  'state.planned': '已排线',
  'state.assigned': '已派车',
  'state.loading': '装车中',
  'state.departed': '已发车',
  'state.paused': '暂停',
  'state.completed': '已完成',
  'state.aborted': '中止',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Drivers’ links',
  say: 'A driver opens the link on a phone and sees the run: no account, and it works without network. It ends after two days; once taken back, all sent before are good no more.',
  day: 'Day',
  look: 'Show runs',
  none: 'No runs that day.',
  'no.vehicle': 'no vehicle',
  stops: '{n} {n?stop|stops}',
  make: 'Make a link',
  revoke: 'Take links back',
  revoked: 'All links to this run are taken back.',
  made: 'Driver’s link to {run}',
  until: 'Good until {time}. Let the driver scan it, or send it to the driver alone.',
  'note.site': 'Station',
  note: 'How to get in',
  'note.example': 'north gate, ring the bell',
  'note.do': 'Save how to get in',
  'note.done': 'Saved; drivers see it with their next look.',
  'state.planned': 'planned',
  'state.assigned': 'assigned',
  'state.loading': 'loading',
  'state.departed': 'on the road',
  'state.paused': 'paused',
  'state.completed': 'completed',
  'state.aborted': 'aborted',
}

export const d = texts(zh, en)

/** A state of a release to come is shown as it is called. */
export const runText = (state: string): string =>
  `state.${state}` in zh ? (d as (key: keyof typeof zh) => string)(`state.${state}` as keyof typeof zh) : state
