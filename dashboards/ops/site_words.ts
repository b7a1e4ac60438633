/** What planners read of a site's people and keys, and of registering one. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '店员与密钥',
  say: '谁能在站点的页面上登录，站点用哪个密码连云端，以及登记新站点。',
  site: '选择一处',
  staff: '能登录的人',
  'staff.none': '还没有人：没有人时，站点页面不要求登录。',
  'role.staff': '店员',
  'role.leader': '团长',
  'has.pin': '有 PIN',
  'has.badge': '有工牌',
  id: '店员编号（小写字母、数字、短横）',
  name: '店员姓名',
  role: '店员身份',
  'give.badge': '同时发工牌',
  add: '添加，并发 PIN',
  renew: '换新 PIN',
  remove: '停用',
  'remove.sure': '确认停用',
  shown: '{name} 的 PIN：{pin}',
  badge: '工牌内容（印成二维码）：{badge}',
  once: '只显示这一次，请现在告诉本人；站点约一分钟后生效。',
  removed: '{name} 已停用；站点约一分钟后生效，离线的站点要等联网。',
  keys: '连云端的密钥',
  'keys.say': '密钥是站点连接消息服务器和云端的密码。',
  make: '生成新密钥',
  take: '作废全部密钥',
  'take.sure': '确认作废：站点将连不上云端',
  taken: '这个站点的密钥已全部作废。站点里换上新密钥以前连不上云端。',
  key: '{site} 的密钥',
  toml: '写进站点盒子的 site.toml（只显示这一次）：',
  'toml.broker': '消息服务器的网址（url）问维护；旧密钥在作废前仍然有效。',
  register: '登记新的一处',
  kind: '哪一种',
  'kind.station': '自提点',
  'kind.dock': '网格仓装车口',
  'kind.van': '车',
  'register.id': '新编号（小写字母、数字、短横）',
  'register.name': '新名称',
  'register.address': '新地址',
  'register.do': '登记并生成密钥',
  registered: '{name} 已登记。',
  'registered.van': '{name} 已登记；车的密钥由维护用 python -m cloud site 发放。',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Sites: people and keys',
  say: 'Who may log in at a site’s page, with which password the site reaches the cloud, and new sites.',
  site: 'Site',
  staff: 'Who may log in',
  'staff.none': 'Nobody yet: then the site’s page asks nobody to log in.',
  'role.staff': 'staff',
  'role.leader': 'leader',
  'has.pin': 'has a PIN',
  'has.badge': 'has a badge',
  id: 'Id (small letters, digits, hyphen)',
  name: 'Name',
  role: 'Role',
  'give.badge': 'Give a badge too',
  add: 'Add, with a PIN',
  renew: 'New PIN',
  remove: 'Remove',
  'remove.sure': 'Yes, remove',
  shown: 'PIN of {name}: {pin}',
  badge: 'Text of the badge (print it as a QR): {badge}',
  once: 'Shown this once: tell them now. The site knows it in about a minute.',
  removed: '{name} may not log in any more; the site knows it in about a minute, an offline one when it is back.',
  keys: 'The site’s key',
  'keys.say': 'With it the site reaches the broker and the cloud.',
  make: 'Make a new key',
  take: 'Take all keys back',
  'take.sure': 'Yes, take back: the site will not reach the cloud',
  taken: 'All keys of this site are taken back. Without a new one it does not reach the cloud.',
  key: 'Key of {site}',
  toml: 'For site.toml of its box (shown this once):',
  'toml.broker': 'Ask maintenance for the broker’s url; older keys stay good until they are taken back.',
  register: 'Register a site',
  kind: 'Kind',
  'kind.station': 'station',
  'kind.dock': 'dock of a grid warehouse',
  'kind.van': 'van',
  'register.id': 'Site id (small letters, digits, hyphen)',
  'register.name': 'Name',
  'register.address': 'Address',
  'register.do': 'Register, with a key',
  registered: '{name} is registered.',
  'registered.van': '{name} is registered; a van’s key is given by maintenance: python -m cloud site.',
}

export const s = texts(zh, en)

/** Six digits that nobody chose: people take birthdays. */
export function newPin(random: (values: Uint32Array) => Uint32Array = (values) => crypto.getRandomValues(values)): string {
  const [value = 0] = random(new Uint32Array(1))
  return String(value % 1_000_000).padStart(6, '0')
}

/** What goes into the box's file; the operator is the one whose topics it speaks under. */
export function siteToml(site: string, name: string, kind: string, operator: string, key: string): string {
  const text = (value: string): string => JSON.stringify(value)
  return [
    '[site]', `operator = ${text(operator)}`, `id = ${text(site)}`, `name = ${text(name)}`, `kind = ${text(kind)}`,
    '', '[broker]', `username = ${text(site)}`, `password = ${text(key)}`,
  ].join('\n')
}
