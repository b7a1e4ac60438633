/** What planners read of phones and trackers in vehicles. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '定位设备',
  say: '配送员的手机或车载终端，不用装我们的软件。手机扫码即配好；个人手机只在车次进行中记录位置。',
  none: '还没有定位设备。',
  'no.vehicles': '还没有登记车辆：先把车辆登记为站点（类型：车辆）。',
  device: '设备',
  vehicle: '车辆',
  fix: '最近位置',
  battery: '电量',
  counts: '收到',
  never: '还没有位置',
  ago: '{span}前',
  revoked: '已停用',
  personal: '个人手机',
  kept: '{n} 个位置',
  repeated: '重发 {n}',
  unheard: '未记录 {n}（没有进行中的车次）',
  refused: '拒收 {n}',
  why: '最近一次拒收：{why}',
  revoke: '停用',
  'revoke.sure': '再按一次停用',
  add: '添加设备',
  'add.vehicle': '车辆',
  'add.protocol': '接入方式',
  'add.name': '名称',
  'add.name.example': '例如：王师傅的手机',
  'add.terminal': '终端号（SIM 卡号）',
  'add.personal': '个人手机，只在车次进行中记录',
  'add.do': '添加',
  'protocol.osmand': 'Traccar Client / OsmAnd（手机）',
  'protocol.owntracks': 'OwnTracks（手机）',
  'protocol.jt808': '部标 JT/T 808 车载终端',
  'made.heading': '{name}：请现在设置',
  'made.say': '下面的密钥只显示这一次。',
  'made.scan': '在手机上用 {app} 扫码，或在手机上打开这个链接：',
  'made.type': '{app}：手动填写',
  'made.close': '设置好了',
  'set.server': '服务器',
  'set.port': '端口',
  'set.id': '设备标识',
  'set.address': '网址',
  'set.url': '网址',
  'set.host': '主机',
  'set.username': '用户名',
  'set.password': '密码',
  'set.terminal': '终端号',
} as const

const en: Readonly<Record<keyof typeof zh, string>> = {
  heading: 'Trackers',
  say: 'Couriers’ phones and vehicle terminals, with no app of ours. A phone is set up by a QR code; a person’s phone is recorded only while a run is underway.',
  none: 'No trackers yet.',
  'no.vehicles': 'No vehicles yet: register one as a site of kind van first.',
  device: 'Device',
  vehicle: 'Vehicle',
  fix: 'Last position',
  battery: 'Battery',
  counts: 'Received',
  never: 'no position yet',
  ago: '{span} ago',
  revoked: 'revoked',
  personal: 'personal',
  kept: '{n} positions',
  repeated: '{n} sent again',
  unheard: '{n} not recorded (no run underway)',
  refused: '{n} refused',
  why: 'Last refusal: {why}',
  revoke: 'Revoke',
  'revoke.sure': 'Press again to revoke',
  add: 'Add a device',
  'add.vehicle': 'Vehicle',
  'add.protocol': 'Speaks',
  'add.name': 'Name',
  'add.name.example': 'such as: Wang’s phone',
  'add.terminal': 'Terminal number (its SIM’s)',
  'add.personal': 'A person’s phone: record only while a run is underway',
  'add.do': 'Add',
  'protocol.osmand': 'Traccar Client / OsmAnd (phone)',
  'protocol.owntracks': 'OwnTracks (phone)',
  'protocol.jt808': 'JT/T 808 vehicle terminal',
  'made.heading': '{name}: set it up now',
  'made.say': 'The secret below is shown this once.',
  'made.scan': 'Scan this with {app} on the phone, or open this link on it:',
  'made.type': '{app}: by hand',
  'made.close': 'It is set up',
  'set.server': 'Server',
  'set.port': 'Port',
  'set.id': 'Device identifier',
  'set.address': 'Address',
  'set.url': 'Address',
  'set.host': 'Host',
  'set.username': 'User',
  'set.password': 'Password',
  'set.terminal': 'Terminal number',
}

export const k = texts(zh, en)

const PROTOCOLS = { osmand: 'protocol.osmand', owntracks: 'protocol.owntracks', jt808: 'protocol.jt808' } as const
const SETTINGS = {
  server: 'set.server', port: 'set.port', id: 'set.id', address: 'set.address', url: 'set.url', host: 'set.host',
  username: 'set.username', password: 'set.password', terminal: 'set.terminal',
} as const

/** A protocol's or a setting's name; one of a later release as it came. */
export function protocolText(name: string): string {
  return name in PROTOCOLS ? k(PROTOCOLS[name as keyof typeof PROTOCOLS]) : name
}

export function settingText(name: string): string {
  return name in SETTINGS ? k(SETTINGS[name as keyof typeof SETTINGS]) : name
}
