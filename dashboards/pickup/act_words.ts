/**
 * What a station's agent says of an act, in words: its result (edge/station/verdict.py), a refusal's reason (edge/wire/counter.py),
 * a state. What a dock says too is shared/agent/said.ts's. tests/e2e/test_words.py holds them together.
 */

import type { Other, Scan } from '../shared/agent/agent'
import { said, zoneWord } from '../shared/agent/said'
import type { Sentence } from '../shared/agent/voice/sentence'
import { t as agentWord } from '../shared/agent/words'
import { clockTime, dateName, dayKey, dayName, daysFrom } from '../shared/format'
import { common } from '../shared/i18n/common'
import { language, texts } from '../shared/i18n/text'
import { t as page, word as pageWord } from './words'

const zh = {
  'word.signed': '已签收',
  'word.signed_surplus': '清单外，已签收',
  'word.signed_before': '之前已签收',
  'word.opened': '已开箱',
  'word.opened_before': '正在清点',
  'word.not_signed': '还没签收',
  'word.counted': '清点完成',
  'word.counted_short': '清点有缺',
  'word.counted_before': '之前已清点',
  'word.not_opened': '还没开箱',
  'word.emptied': '空筐待回收',
  'word.not_empty': '筐里还有没清点的',
  'word.sent_back': '已交回司机',
  'word.not_here': '非本站',
  'word.received': '已入库',
  'word.received_surplus': '不在本站清单上',
  'word.received_early': '不是今天的包裹',
  'word.received_other_container': '串箱，已入库',
  'word.found': '找到了，已入库',
  'word.received_before': '重复',
  'word.handed_out_before': '重复',
  'word.left_before': '已退回或报损',
  'word.variance_noted': '异常已记录',
  'word.weight_ok': '重量合格',
  'word.underweight': '重量不足',
  'word.not_in_parcel': '包里没有这种商品',
  'word.too_many': '数量太多',
  'word.goods_counted': '已点',
  'word.goods_surplus': '多货',
  'word.goods_unknown': '不是这箱的货',
  'word.given': '已分',
  'word.bag_complete': '这包齐了',
  'word.all_given': '都分完了',
  'word.none_left': '没有余货',
  'word.distributed': '分货完成',
  'word.distributed_short': '分货有缺',
  'word.shelved': '已上架',
  'word.shelved_before': '重复',
  'word.wrong_zone': '温区不对',
  'word.no_such_slot': '没有这个货位',
  'word.cell_reserved': '格口已预占',
  'word.no_cell': '没有合适的格口',
  'word.placed': '已入柜',
  'word.removed': '已取出',
  'word.cell_busy': '格口有货',
  'word.cell_out_of_use': '格口停用',
  'word.cell_opened': '柜门已开',
  'word.cell_not_opened': '开门失败',
  'word.cell_uncertain': '柜门状态不明',
  'word.cell_left_open': '柜门未关',
  'word.cell_closed': '柜门已关',
  'word.cell_mismatch': '有单无货',
  'word.cell_freed': '格口已空',
  'word.ask_matches': '请核对后交付',
  'word.ask_several': '请选提货人',
  'word.released': '已出库',
  'word.released_partly': '部分出库',
  'word.refused': '不能办理',
  'word.seen': '在库',
  'word.seen_elsewhere': '放错货位',
  'word.seen_surplus': '账上没有',
  'word.stock_taken': '盘点相符',
  'word.stock_short': '盘点有缺',
  'word.overdue': '逾期未提',
  'word.nothing_overdue': '没有逾期',
  'word.disposed': '已报损',
  'word.returned': '已退回',
  'word.never_goes_back': '冷链商品不退回',
  'word.not_at_cabinet': '柜机只认提货码',
  'word.slot_open': '货架已选',
  'why.received before': '之前已经入库',
  'why.here, as booked': '在库，与账一致',
  'why.in this slot before': '之前已在这个货位',
  'why.handed out before: undo that if it was a mistake': '之前已经出库；若是误操作，请撤销那一次',
  'why.not booked in here: receive it first, or send it on': '本站没有入库记录：请先收货，或转给对应的站',
  'why.not booked in here: receive it, or ask where it belongs': '本站没有入库记录：请先收货，或查它属于哪里',
  'why.a container: containers are not booked here': '这是周转筐，不在这里登记',
  'why.malformed': '不是提货码、二维码或手机尾号',
  'why.unknown_code': '没有这个提货码',
  'why.unknown_tail': '没有这个尾号的包裹',
  'why.unknown_order': '本站清单里没有这个订单',
  'why.bad_signature': '二维码不是真的',
  'why.wrong_site': '非本站',
  'why.other_operator': '别家的提货码，本站不代收',
  'why.expired': '提货凭证已过期',
  'why.revoked': '已作废',
  'why.used': '代提码已用过',
  'why.already_released': '已经出库',
  'gone.at': '{time} 出库{how}',
  'gone.by.qr': '，凭二维码',
  'gone.by.code': '，凭提货码',
  'gone.by.tail': '，凭手机尾号',
  'gone.by.proxy': '，由人代提',
  'gone.by.scan': '，扫包裹出库',
  'why.not_ready': '还没到站',
  'why.not_yet': '还没到提货日',
  'why.elsewhere': '在别的自提点',
  'why.wrong_parcel': '不是这个人的包裹',
  'why.left_station': '已退回或报损',
  'why.too_warm': '超温或变质，先别交付',
  'why.locked_out': '试错太多，请稍候',
  'why.no_manifest': '还没收到今天的清单',
  'why.declined': '本人不要',
  'why.staff': '店员不予办理',
  'why.seal_broken': '封签破损',
  'do.cell_not_opened': '没有放进去，也没有交出去；换一个格口，这个格口先不用',
  'do.cell_uncertain': '请去柜前看一看门开了没有；系统不会自己再开一次',
  'do.cell_left_open': '请去把门关好；放进去的包裹关门后才算入柜',
  'other.elsewhere': '{station}的包裹',
  'other.elsewhere_unnamed': '别站的包裹',
  'other.later': '{day}的包裹',
  'other.not_yet': '{day}才可提货',
  'other.cancelled': '订单已取消的包裹',
  'other.unknown': '查不到订单的包裹',
  'other.unsaid': '不在本站清单上',
  'do.elsewhere': '放到一边，交给下一趟车转送',
  'do.later': '先单独放好，到那天再交付',
  'do.cancelled': '放到一边，退回',
  'do.unknown': '放到一边，请问调度',
  'do.unsaid': '放到一边，联网后这里会告诉您是谁的',
  'do.too_warm': '先告知本人：可以不要、退款报损；本人知情仍要，再交付',
  'say.count': '{n}，共 {of}',
  'say.grams': '{n} 克，标重 {of} 克',
  'state.expected': '待到货',
  'state.sorted': '已分拣',
  'state.packed': '已装筐',
  'state.received': '已入库',
  'state.shelved': '已上架',
  'state.in_locker': '已入柜',
  'state.released': '已出库',
  'state.returned': '已退回',
  'state.disposed': '已报损',
  'state.empty': '空筐',
  'state.bound': '已绑定',
  'state.sealed': '已封箱',
  'state.loaded': '已装车',
  'state.delivered': '已交接',
  'state.opened': '已开箱',
  'state.awaiting_return': '待回收',
  'state.returned_empty': '已回收',
  'state.lost': '丢筐',
} as const

const en: Record<keyof typeof zh, string> = {
  'word.signed': 'Signed for',
  'word.signed_surplus': 'Not on the list, signed for',
  'word.signed_before': 'Signed for before',
  'word.opened': 'Opened',
  'word.opened_before': 'Being counted',
  'word.not_signed': 'Not signed for',
  'word.counted': 'Counted',
  'word.counted_short': 'Counted, some missing',
  'word.counted_before': 'Counted before',
  'word.not_opened': 'Not opened yet',
  'word.emptied': 'Empty, for the van',
  'word.not_empty': 'Something in it is not counted',
  'word.sent_back': 'Given to the driver',
  'word.not_here': 'Not ours',
  'word.received': 'Received',
  'word.received_surplus': 'Not on our list',
  'word.received_early': 'Not for today',
  'word.received_other_container': 'Other container, received',
  'word.found': 'Found, received',
  'word.received_before': 'Again',
  'word.handed_out_before': 'Again',
  'word.left_before': 'Sent back or disposed of',
  'word.variance_noted': 'Problem noted',
  'word.weight_ok': 'Weight is right',
  'word.underweight': 'Underweight',
  'word.not_in_parcel': 'No such article in it',
  'word.too_many': 'Too many',
  'word.goods_counted': 'Counted',
  'word.goods_surplus': 'Surplus',
  'word.goods_unknown': 'Does not belong in this one',
  'word.given': 'Put in',
  'word.bag_complete': 'Bag complete',
  'word.all_given': 'All given',
  'word.none_left': 'None left',
  'word.distributed': 'All distributed',
  'word.distributed_short': 'Distributed, some short',
  'word.shelved': 'Shelved',
  'word.shelved_before': 'Again',
  'word.wrong_zone': 'Wrong temperature',
  'word.no_such_slot': 'No such slot',
  'word.cell_reserved': 'Cell reserved',
  'word.no_cell': 'No cell fits',
  'word.placed': 'In the locker',
  'word.removed': 'Taken out',
  'word.cell_busy': 'Cell is occupied',
  'word.cell_out_of_use': 'Cell is out of use',
  'word.cell_opened': 'Door is open',
  'word.cell_not_opened': 'Door did not open',
  'word.cell_uncertain': 'Look at the door',
  'word.cell_left_open': 'Door left open',
  'word.cell_closed': 'Door closed',
  'word.cell_mismatch': 'Booked, but not there',
  'word.cell_freed': 'Cell is free',
  'word.ask_matches': 'Check, then hand out',
  'word.ask_several': 'Choose who it is',
  'word.released': 'Handed out',
  'word.released_partly': 'Handed out in part',
  'word.refused': 'Refused',
  'word.seen': 'Here',
  'word.seen_elsewhere': 'In the wrong slot',
  'word.seen_surplus': 'Not in the books',
  'word.stock_taken': 'Books are right',
  'word.stock_short': 'Some are missing',
  'word.overdue': 'Overdue',
  'word.nothing_overdue': 'Nothing overdue',
  'word.disposed': 'Disposed of',
  'word.returned': 'Sent back',
  'word.never_goes_back': 'Chilled goods never go back',
  'word.not_at_cabinet': 'At the cabinet only pickup codes count',
  'word.slot_open': 'Shelf open',
  'why.received before': 'Received before',
  'why.here, as booked': 'Here, as booked',
  'why.in this slot before': 'In this slot before',
  'why.handed out before: undo that if it was a mistake': 'Handed out before; undo that if it was a mistake',
  'why.not booked in here: receive it first, or send it on': 'Never received here: receive it first, or send it on',
  'why.not booked in here: receive it, or ask where it belongs': 'Never received here: receive it, or ask where it belongs',
  'why.a container: containers are not booked here': 'A container: these are not booked here',
  'why.malformed': "neither a code, a QR nor a phone's last four",
  'why.unknown_code': 'no such pickup code',
  'why.unknown_tail': "nobody's phone ends so",
  'why.unknown_order': "this order is not in the station's list",
  'why.bad_signature': 'this QR is not genuine',
  'why.wrong_site': "another station's",
  'why.other_operator': 'an operator this station does not serve',
  'why.expired': 'expired',
  'why.revoked': 'revoked',
  'why.used': 'used before',
  'why.already_released': 'handed out before',
  'gone.at': 'handed out {time}{how}',
  'gone.by.qr': ', by QR',
  'gone.by.code': ', by code',
  'gone.by.tail': ', by the last four',
  'gone.by.proxy': ', to somebody sent',
  'gone.by.scan': ', by the parcel’s label',
  'why.not_ready': 'not here yet',
  'why.not_yet': 'its pickup day has not come',
  'why.elsewhere': 'at another station',
  'why.wrong_parcel': "somebody else's parcel",
  'why.left_station': 'sent back or disposed of',
  'why.too_warm': 'too warm or spoiled: do not hand out',
  'why.locked_out': 'too many wrong guesses: wait',
  'why.no_manifest': "today's list has not arrived",
  'why.declined': 'the resident did not want it',
  'why.staff': 'staff would not',
  'why.seal_broken': 'seal broken',
  'do.cell_not_opened': 'Nothing went in or out; take another cell, this one is out of use',
  'do.cell_uncertain': 'Go and look whether the door is open; it is not opened again by itself',
  'do.cell_left_open': 'Go and shut it; a parcel counts as put in once the door is shut',
  'other.elsewhere': 'Belongs to {station}',
  'other.elsewhere_unnamed': "Another station's",
  'other.later': 'For {day}',
  'other.not_yet': 'To be collected {day}',
  'other.cancelled': 'Its order was cancelled',
  'other.unknown': 'No order is known for it',
  'other.unsaid': 'Not on our list',
  'do.elsewhere': 'Put it aside; it goes on with the next van',
  'do.later': 'Put it by itself; hand it out on its day',
  'do.cancelled': 'Put it aside; it goes back',
  'do.unknown': 'Put it aside and ask dispatch',
  'do.unsaid': 'Put it aside; this page says whose it is once it is online',
  'do.too_warm': 'Tell the resident: they may refuse it and get their money back, or take it knowing that',
  'say.count': '{n} of {of}',
  'say.grams': '{n} of {of} grams',
  'state.expected': 'expected',
  'state.sorted': 'sorted',
  'state.packed': 'packed',
  'state.received': 'received',
  'state.shelved': 'shelved',
  'state.in_locker': 'in locker',
  'state.released': 'handed out',
  'state.returned': 'sent back',
  'state.disposed': 'disposed of',
  'state.empty': 'empty',
  'state.bound': 'bound',
  'state.sealed': 'sealed',
  'state.loaded': 'loaded',
  'state.delivered': 'handed over',
  'state.opened': 'opened',
  'state.awaiting_return': 'waits for the van',
  'state.returned_empty': 'sent back',
  'state.lost': 'lost',
}

const t = texts(zh, en)

type Kind = 'word' | 'why' | 'problem' | 'state'
// Any key without a parameter stands for all of them.
type Plain = 'word.signed'

/** The word for one of the agent's keys; '' for one that this release does not know. */
export function known(kind: Kind, key: string): string {
  const full = `${kind}.${key}`
  if (full in zh) return t(full as Plain)
  return kind === 'state' ? '' : said(kind, key)
}

/** What staff say before they hand out what was too warm. */
export function tellThem(): string {
  return t('do.too_warm')
}

export function stateWord(state: string): string {
  return known('state', state) || state
}

const WHYS = ['elsewhere', 'later', 'cancelled', 'unknown'] as const
const CAME_IN = new Set(['received_surplus', 'received_early', 'received_before', 'seen_surplus'])

/** Read back after a restart, what was not on the list is a problem that was noted. */
function cameIn(scan: Scan): boolean {
  return CAME_IN.has(scan.word) || (scan.word === 'variance_noted' && scan.detail === 'surplus')
}

/** Whose it is, and what is to be done with it. `nowMs`: by which a day is today or tomorrow. */
export function otherText(other: Other, nowMs: number): string {
  const why = whyOf(other)
  if (why === 'elsewhere') return t('other.elsewhere', { station: other.station })
  return why === 'later' ? t('other.later', { day: dayText(other.day, nowMs) }) : t(`other.${why}`)
}

export function otherDo(other: Other): string {
  return t(`do.${whyOf(other)}`)
}

function whyOf(other: Other): (typeof WHYS)[number] | 'unsaid' {
  return WHYS.find((why) => why === other.why) ?? 'unsaid'
}

function dayText(day: string, nowMs: number): string {
  const days = daysFrom(day, nowMs)
  if (days === 0 || days === 1) return common(days === 0 ? 'day.today' : 'day.tomorrow')
  return day === '' ? '' : dateName(day, language.value)
}

/** The one line that is read from a metre away. A refusal is its reason. */
export function headline(scan: Scan): string {
  if (scan.isUndone) return known('word', 'undone')
  const { other } = scan
  if (other && cameIn(scan)) return otherText(other, scan.atMs)
  if (other?.why === 'later' && scan.detail === 'not_yet') return t('other.not_yet', { day: dayText(other.day, scan.atMs) })
  if (scan.word === 'refused' && known('why', scan.detail)) return known('why', scan.detail)
  return known('word', scan.word) || pageWord('scan', scan.kind)
}

/** What else there is to say; `nameOf` knows people and articles. '' where nothing is. */
export function particulars(scan: Scan, nameOf: (id: string) => string): string {
  if (scan.kind === 'slot') return page('say.slot')
  if (scan.kind === 'failed' && scan.word === '' && scan.detail === '') return agentWord('scan.unsent')
  if (scan.word === 'cell_not_opened') return t('do.cell_not_opened')
  if (scan.word === 'cell_uncertain') return t('do.cell_uncertain')
  if (scan.word === 'cell_left_open') return t('do.cell_left_open')
  if (scan.word === 'refused' && scan.detail === 'too_warm' && !scan.isUndone) return t('do.too_warm')
  const { detail, other } = scan
  if (!scan.isUndone && cameIn(scan)) {
    if (other) return otherDo(other)
    if (scan.word === 'received_surplus') return t('do.unsaid')
  }
  if (other?.why === 'elsewhere' && !scan.isUndone) return otherText(other, scan.atMs)
  if (scan.goneMs > 0 && !scan.isUndone) return goneText(scan)
  if (detail === '' || (scan.word === 'refused' && !scan.isUndone && known('why', detail))) return ''
  const word = known('problem', detail) || known('state', detail) || known('why', detail)
  return word || (zoneWord(detail) !== detail ? zoneWord(detail) : nameOf(detail))
}

function goneText(scan: Scan): string {
  const key = `gone.by.${scan.goneHow}`
  const how = key in zh ? t(key as 'gone.by.code') : ''
  const time = clockTime(scan.goneMs, language.value)
  return t('gone.at', { time: dayKey(scan.goneMs) === dayKey(scan.atMs) ? time : `${dayName(scan.goneMs, language.value)} ${time}`, how })
}

/** Results whose count is what the scales said. */
export const IN_GRAMS = new Set(['weight_ok', 'underweight'])

/** What is said aloud: short, and the shelf. */
export function spoken(scan: Scan, slot = ''): Sentence {
  const { isUndone, count, of } = scan
  const isInGrams = IN_GRAMS.has(scan.word)
  const text = t(isInGrams ? 'say.grams' : 'say.count', { n: count, of })
  return {
    line: headline(scan), plain: isUndone ? '' : unnamed(scan), place: isUndone ? '' : scan.slot || slot,
    amount: of > 1 && !isUndone ? { count, of, isInGrams, text } : null,
  }
}

/** Instead of a headline that names a station or a day. */
function unnamed(scan: Scan): string {
  const { other } = scan
  if (other?.why === 'later') return scan.detail === 'not_yet' ? known('why', 'not_yet') : known('word', 'received_early')
  return other?.why === 'elsewhere' ? t('other.elsewhere_unnamed') : ''
}
