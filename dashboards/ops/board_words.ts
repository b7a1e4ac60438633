/** What stands where on the ops page: its parts in groups, by the ids of their headings, and what they are called in its contents. */

import { texts } from '../shared/i18n/text'

const zh = {
  contents: '目录',
  'group.now': '现场',
  'group.orders': '订单与售后',
  'group.delivery': '批次与配送',
  'group.tools': '设置与工具',
  'part.alarms': '告警',
  'part.sites': '站点',
  'part.map': '地图',
  'part.sensors': '传感器',
  'part.temperatures': '温度',
  'part.cases': '售后',
  'part.parcel': '查包裹',
  'part.link': '查订单',
  'part.import': '导入订单',
  'part.batches': '批次',
  'part.books': '对账',
  'part.eta': '到站预测',
  'part.drivers': '司机链接',
  'part.leaders': '团长',
  'part.trackers': '定位设备',
  'part.quarantine': '隔离消息',
  'part.labels': '打印标签',
  'part.commands': '远程指令',
  'part.limits': '温度限值',
  'part.setup': '店员与密钥',
  'part.dock': '网格仓分拣',
  'part.privacy': '居民隐私',
} as const

const en: Record<keyof typeof zh, string> = {
  contents: 'Contents',
  'group.now': 'Now',
  'group.orders': 'Orders and cases',
  'group.delivery': 'Batches and delivery',
  'group.tools': 'Settings and tools',
  'part.alarms': 'Alarms',
  'part.sites': 'Sites',
  'part.map': 'Map',
  'part.sensors': 'Sensors',
  'part.temperatures': 'Temperatures',
  'part.cases': 'Cases',
  'part.parcel': 'Find a parcel',
  'part.link': 'Find an order',
  'part.import': 'Import orders',
  'part.batches': 'Batches',
  'part.books': 'Books',
  'part.eta': 'Arrival estimates',
  'part.drivers': 'Drivers’ links',
  'part.leaders': 'Leaders',
  'part.trackers': 'Trackers',
  'part.quarantine': 'Quarantine',
  'part.labels': 'Print labels',
  'part.commands': 'Commands',
  'part.limits': 'Temperature limits',
  'part.setup': 'People and keys',
  'part.dock': 'Grid warehouses',
  'part.privacy': 'Residents’ privacy',
}

export const b = texts(zh, en)

type Part = keyof typeof zh extends infer K ? (K extends `part.${infer P}` ? P : never) : never
export type Group = 'now' | 'orders' | 'delivery' | 'tools'

const FOR_ALL: readonly (readonly [Group, readonly Part[]])[] = [
  ['now', ['alarms', 'sites', 'map', 'sensors', 'temperatures']],
  ['orders', ['cases', 'parcel']],
]
const FOR_PLANNERS: readonly (readonly [Group, readonly Part[]])[] = [
  ['now', ['alarms', 'sites', 'map', 'sensors', 'temperatures']],
  ['orders', ['cases', 'parcel', 'link', 'import']],
  ['delivery', ['batches', 'books', 'eta', 'drivers', 'leaders', 'trackers']],
  ['tools', ['quarantine', 'labels', 'commands', 'setup', 'dock', 'privacy', 'limits']],
]

/** What an account has on its page, and nothing it has not. */
export function contentsOf(mayPlan: boolean): readonly (readonly [Group, readonly Part[]])[] {
  return mayPlan ? FOR_PLANNERS : FOR_ALL
}
