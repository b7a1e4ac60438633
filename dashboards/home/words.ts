/** Words of the first page. */

import { texts } from '../shared/i18n/text'

const zh = {
  title: '团途',
  heading: '每个包裹，从仓库到邻居手里，都看得见。',
  say: '社区团购次日达自提的履约跟踪。断网也能扫，连上就补齐。',
  'page.ops': '运行',
  'page.ops.say': '站点状态、隔离消息、导入订单、查订单',
  'page.dispatch': '调度',
  'page.dispatch.say': '发车看板、排线与调整、在途车辆和到站预计',
  'page.station': '自提点',
  'page.station.say': '由站里的盒子提供，在站内网络打开它的地址',
  'page.leader': '团长',
  'page.leader.say': '扫运营方的二维码绑定一次，之后直接打开',
  'page.resident': '居民',
  'page.resident.say': '从团长发来的链接打开，不用登录',
  'login.again': '演示账号由 make run 打印在终端里。',
  'login.as': '已登录：{name}（{role}）',
} as const

const en: Record<keyof typeof zh, string> = {
  title: 'Tuantu',
  heading: 'Every parcel visible, from the warehouse to the neighbour’s hand.',
  say: 'Fulfilment tracking for community group buying. Scans go on without network and catch up after.',
  'page.ops': 'Operations',
  'page.ops.say': 'Sites, quarantined messages, import of orders, finding orders',
  'page.dispatch': 'Dispatch',
  'page.dispatch.say': 'Departures, planning and moving stops, vans on the way and when they come',
  'page.station': 'Pickup station',
  'page.station.say': 'Served by the box at the station: open its address there',
  'page.leader': 'Leader',
  'page.leader.say': 'Bound once by the operator’s QR code, then opens by itself',
  'page.resident': 'Resident',
  'page.resident.say': 'Opens from the link the leader sends; no log-in',
  'login.again': 'make run prints the demo log-ins in the terminal.',
  'login.as': 'Logged in: {name} ({role})',
}

export const t = texts(zh, en)
