/** Words every page uses. */

import { texts } from './text'

const zh = {
  'link.connecting': '正在连接',
  'link.live': '实时',
  'link.stale': '服务器暂停更新',
  'link.polling': '每 15 秒更新',
  'link.reconnecting': '正在重连',
  'link.offline': '已离线',
  'link.asOf': '截至 {time}',
  'link.never': '尚无数据',
  'clock.town': '演示时间',
  'clock.rate': '×{rate}',
  'clock.paused': '已暂停',
  'language.switch': 'EN',
  'day.today': '今天',
  'day.tomorrow': '明天',
  'day.yesterday': '昨天',
  'zone.ambient': '常温',
  'zone.chilled': '冷藏',
  'zone.frozen': '冷冻',
  retry: '重试',
} as const

const en: Record<keyof typeof zh, string> = {
  'link.connecting': 'Connecting',
  'link.live': 'Live',
  'link.stale': 'Server paused',
  'link.polling': 'Every 15 s',
  'link.reconnecting': 'Reconnecting',
  'link.offline': 'Offline',
  'link.asOf': 'as of {time}',
  'link.never': 'nothing yet',
  'clock.town': 'Demo time',
  'clock.rate': '×{rate}',
  'clock.paused': 'paused',
  'language.switch': '中文',
  'day.today': 'today',
  'day.tomorrow': 'tomorrow',
  'day.yesterday': 'yesterday',
  'zone.ambient': 'Ambient',
  'zone.chilled': 'Chilled',
  'zone.frozen': 'Frozen',
  retry: 'Try again',
}

export const common = texts(zh, en)
