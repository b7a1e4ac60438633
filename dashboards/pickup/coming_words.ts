/** What the card of coming vans says. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '下一趟车',
  'heading.more': '后面还有',
  none: '今天没有要来的车了',
  window: '{early}–{late} 到',
  planned: '计划 {time} 到',
  'planned.waits': '还没发车',
  'planned.unheard': '已发车，还没有位置',
  unknown: '到达时间还不知道',
  paused: '路上暂停',
  past: '预计时间已过，还没听说到站',
  next: '下一站就到',
  before: '还有 {n} 站',
  zone: '{zone} {n} 箱',
  nothing: '清单里没有要带来的筐',
  asOf: '截至 {time}',
  old: '本站离线，之后的变化还不知道',
  estimate: '按直线估算',
  run: '车次 {run}',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Next van',
  'heading.more': 'After it',
  none: 'No more vans today',
  window: 'comes {early}–{late}',
  planned: 'planned for {time}',
  'planned.waits': 'not under way yet',
  'planned.unheard': 'under way, not heard yet',
  unknown: 'nobody knows by when',
  paused: 'paused on its way',
  past: 'should have been here; nothing was heard of it',
  next: 'this is its next stop',
  before: '{n} {n?stop|stops} before this one',
  zone: '{zone}: {n} {n?container|containers}',
  nothing: 'no containers planned for here',
  asOf: 'as of {time}',
  old: 'this station is offline: what changed since is not known',
  estimate: 'by straight lines',
  run: 'Run {run}',
}

export const coming = texts(zh, en)
