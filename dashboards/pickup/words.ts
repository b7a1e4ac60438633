/** What station staff read. */

import { texts } from '../shared/i18n/text'

const zh = {
  title: '自提点',
  'mode.label': '现在做什么',
  'mode.receive': '收货',
  'mode.trouble': '异常',
  'mode.release': '提货核销',
  'mode.count': '盘点',
  'scan.received': '已入库',
  'scan.shelved': '已上架',
  'scan.released': '已出库',
  'scan.slot': '货架已选',
  'scan.repeated': '重复',
  'scan.wrong_site': '非本站',
  'scan.unknown': '未知标签',
  'scan.failed': '存储失败',
  'scan.booked': '已登记',
  'scan.asked': '查到提货人',
  'scan.refused': '不能办理',
  'scan.undone': '已撤销',
  'say.slot': '接下来扫的包裹放到这个货位',
} as const

const en: Record<keyof typeof zh, string> = {
  title: 'Station',
  'mode.label': 'What are we doing',
  'mode.receive': 'Receive',
  'mode.trouble': 'Problems',
  'mode.release': 'Hand out',
  'mode.count': 'Stock-take',
  'scan.received': 'Received',
  'scan.shelved': 'Shelved',
  'scan.released': 'Handed out',
  'scan.slot': 'Shelf open',
  'scan.repeated': 'Again',
  'scan.wrong_site': 'Not ours',
  'scan.unknown': 'Unknown label',
  'scan.failed': 'Storage failed',
  'scan.booked': 'Booked',
  'scan.asked': 'Found who asks',
  'scan.refused': 'Refused',
  'scan.undone': 'Undone',
  'say.slot': 'The next parcels go into this slot',
}

export const t = texts(zh, en)

type Key = keyof typeof zh
type Plain = Extract<Key, `scan.received` | `mode.${string}`>

/** A word for what the agent says; what this page has no word for is shown as it came. */
export function word(kind: 'scan' | 'mode', said: string): string {
  const key = `${kind}.${said}`
  return key in zh ? t(key as Plain) : said
}
