/** The storyboard's rows in words: what happens, and where to look (firmware_sim/town/storyboard.py). */

import { texts } from '../shared/i18n/text'

const zh = {
  loading: '装车，还差一筐',
  'loading.look': '调度员的发车看板：还差一筐，装上后全部已装车',
  under_way: '车装好了',
  'under_way.look': '居民手机：配送中',
  left: '车出发了',
  'left.look': '居民手机：预计几点到店；调度员的发车看板：已发车',
  first_stop: '第一站签收了',
  'first_stop.look': '居民手机：还有几站；调度员的发车看板：走完一站',
  cut: '自提点断网',
  'cut.look': '自提点页面：离线，没有待上传的',
  silent: '云端听不到这个自提点',
  'silent.look': '居民手机：自提点离线，是断网那一刻的情况',
  signed: '车到站，签收周转筐',
  'signed.look': '自提点页面：离线签收，待上传的条数在涨；居民手机：站里的清点还看不到',
  counted: '逐件清点完',
  'counted.look': '自提点页面：已点数，没有少一件',
  mend: '网络恢复',
  'mend.look': '自提点页面：待上传归零；居民手机：补上了',
  ready: '上架',
  'ready.look': '居民手机：待提货和货架位',
  collect: '居民报提货码',
  'collect.look': '自提点页面：已出库；居民手机：已提货；团长页面：已提多一单',
  again: '同一个码再报一次',
  'again.look': '自提点页面：已提过，不会再给',
  door: '冰柜门没关',
  'door.look': '温度曲线的开门标记；自提点页面和运行页面的告警',
  closed: '关门，查碰到哪些包裹',
  'closed.look': '运行页面的告警：波及的包裹',
} as const

const en: Record<keyof typeof zh, string> = {
  loading: 'Loading: one container to go',
  'loading.look': 'the dispatcher’s departures: one lacks, and then all are loaded',
  under_way: 'The van is loaded',
  'under_way.look': 'the resident’s phone: in transit',
  left: 'The van leaves',
  'left.look': 'the phone: when it comes; the dispatcher’s departures: on its way',
  first_stop: 'The first stop is signed for',
  'first_stop.look': 'the phone: how many stops before; the dispatcher’s departures: one stop done',
  cut: 'The station’s network is cut',
  'cut.look': 'the station’s page: offline, 0 unsent',
  silent: 'The cloud does not hear the station',
  'silent.look': 'the phone: the station is offline, as of the moment it was cut',
  signed: 'The van is there, containers are signed for',
  'signed.look': 'the station’s page: signed offline, unsent grows; the phone sees nothing of the count yet',
  counted: 'All is counted',
  'counted.look': 'the station’s page: counted, nothing missing',
  mend: 'The network is back',
  'mend.look': 'the station’s page: nothing unsent; the phone has caught up',
  ready: 'On the shelf',
  'ready.look': 'the phone: ready, and the shelf',
  collect: 'The resident says the code',
  'collect.look': 'the station’s page: handed out; the phone: collected; the leader’s page: one more fetched',
  again: 'The same code once more',
  'again.look': 'the station’s page: collected before, refused',
  door: 'The freezer stands open',
  'door.look': 'the door’s mark in the chart; the alarm at the station and in operations',
  closed: 'Closed; which parcels were touched',
  'closed.look': 'the alarm on the operations page: its parcels',
}

const s = texts(zh, en)

/** What happens, and where to look; a row this release does not know is shown by its name. */
export function sceneText(name: string): readonly [string, string] {
  return name in zh ? [s(name as 'cut'), s(`${name}.look` as 'cut.look')] : [name, '']
}
