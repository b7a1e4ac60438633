/**
 * What the agent says of an act, in words: its result (edge/station/verdict.py), a refusal's reason (edge/wire/counter.py), a
 * problem, a zone, a state, and why it would not do something (codes of edge/http). tests/e2e/test_words.py holds them together.
 */

import { Refused } from '../shared/api/http'
import { common } from '../shared/i18n/common'
import { language, texts } from '../shared/i18n/text'
import type { Tone } from '../shared/tone'
import type { Scan } from './agent'
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
  'word.received_surplus': '多货，已入库',
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
  'word.locked_out': '试错太多，请稍候',
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
  'word.unknown_label': '未知标签',
  'word.slot_open': '货架已选',
  'word.not_kept': '存储失败',
  'word.undone': '已撤销',
  'word.logged_in': '已登录',
  'word.logged_out': '已退出',
  'word.log_in_unknown': 'PIN 或工牌不对',
  'word.log_in_needed': '请先登录',
  'why.received before': '之前已经入库',
  'why.here, as booked': '在库，与账一致',
  'why.in this slot before': '之前已在这个货位',
  'why.handed out before: undo that if it was a mistake': '之前已经出库；若是误操作，请撤销那一次',
  'why.not booked in here: receive it first, or send it on': '本站没有入库记录：请先收货，或转给对应的站',
  'why.not booked in here: receive it, or ask where it belongs': '本站没有入库记录：请先收货，或查它属于哪里',
  'why.a container: containers are not booked here': '这是周转筐，不在这里登记',
  'why.a product, not a parcel': '这是商品条码，请扫包裹标签',
  'why.malformed': '不是提货码、二维码或手机尾号',
  'why.unknown_code': '没有这个提货码',
  'why.unknown_tail': '没有这个尾号的包裹',
  'why.unknown_order': '本站清单里没有这个订单',
  'why.bad_signature': '二维码不是真的',
  'why.wrong_site': '非本站',
  'why.other_operator': '别家的提货码，本站不代收',
  'why.expired': '二维码已过期',
  'why.revoked': '已作废',
  'why.used': '代提码已用过',
  'why.already_released': '已经出库',
  'why.not_ready': '还没到站',
  'why.wrong_parcel': '不是这个人的包裹',
  'why.left_station': '已退回或报损',
  'why.locked_out': '试错太多，请稍候',
  'why.no_manifest': '还没收到今天的清单',
  'why.declined': '本人不要',
  'why.staff': '店员不予办理',
  'why.not_kept': '没有存下，请再扫一次',
  'why.check character is wrong: scan again': '校验不对，请再扫一次',
  'why.SSCC check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.GTIN check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.EAN check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.not a parcel, container or product label': '不是包裹、周转筐或商品的标签',
  'why.seal_broken': '封签破损',
  'problem.short': '少货',
  'problem.surplus': '多货',
  'problem.wrong_item': '错货',
  'problem.damaged': '破损',
  'problem.spoiled': '变质',
  'problem.underweight': '重量不足',
  'problem.temp_breach': '温度超限',
  'problem.missing': '丢失',
  'problem.dwell': '滞留',
  'problem.wrong_release': '错发',
  'problem.recalled': '召回',
  'problem.expired': '过期',
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
  'state.loaded': '运输中',
  'state.delivered': '已签收',
  'state.opened': '清点中',
  'state.awaiting_return': '待回收',
  'state.returned_empty': '已回收',
  'state.lost': '丢筐',
  'no.no_log_in': '请先登录',
  'no.not_in_manifest': '今天的清单里没有这一项',
  'no.no_question': '这次查询已过期，请重新扫码',
  'no.no_scan': '这一条不能撤销，或已经撤销',
  'no.not_kept': '存储满了，没有登记；请联系维护后再试',
  'no.busy': '正忙，请再试一次',
  'no.no_picture': '这不是能打开的照片，请重新拍（JPEG、PNG 或 WebP）',
  'no.too_large': '照片太大，请拍小一点的',
  'no.photo_slow': '识别太久没有结果：靠近一点，让标签占满画面再拍',
  'no.photo_failed': '盒子没能识别照片，请再拍一次；还不行请手动输入，并联系维护',
  'no.no_room': '等待上传的照片太多，存不下了；联网后再拍',
  'no.other_host': '请用本站自己的网址打开',
  'no.bad_request': '填写有误，请检查后再试',
  'no.other_site': '请在本站自己的页面上操作',
  'no.nothing_here': '这台盒子还不支持这个操作',
  'no.unreachable': '本机程序没有应答，没有登记',
  'no.other': '没有办成（{said}）',
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
  'word.received_surplus': 'Surplus, received',
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
  'word.locked_out': 'Too many wrong guesses: wait',
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
  'word.unknown_label': 'Unknown label',
  'word.slot_open': 'Shelf open',
  'word.not_kept': 'Storage failed',
  'word.undone': 'Undone',
  'word.logged_in': 'Logged in',
  'word.logged_out': 'Logged out',
  'word.log_in_unknown': 'Wrong PIN or badge',
  'word.log_in_needed': 'Log in first',
  'why.received before': 'Received before',
  'why.here, as booked': 'Here, as booked',
  'why.in this slot before': 'In this slot before',
  'why.handed out before: undo that if it was a mistake': 'Handed out before; undo that if it was a mistake',
  'why.not booked in here: receive it first, or send it on': 'Never received here: receive it first, or send it on',
  'why.not booked in here: receive it, or ask where it belongs': 'Never received here: receive it, or ask where it belongs',
  'why.a container: containers are not booked here': 'A container: these are not booked here',
  'why.a product, not a parcel': 'A product’s barcode: scan the parcel’s label',
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
  'why.not_ready': 'not here yet',
  'why.wrong_parcel': "somebody else's parcel",
  'why.left_station': 'sent back or disposed of',
  'why.locked_out': 'too many wrong guesses: wait',
  'why.no_manifest': "today's list has not arrived",
  'why.declined': 'the resident did not want it',
  'why.staff': 'staff would not',
  'why.not_kept': 'not kept: scan it again',
  'why.check character is wrong: scan again': 'check character is wrong: scan again',
  'why.SSCC check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.GTIN check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.EAN check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.not a parcel, container or product label': 'no label of a parcel, container or product',
  'why.seal_broken': 'seal broken',
  'problem.short': 'Short',
  'problem.surplus': 'Surplus',
  'problem.wrong_item': 'Wrong item',
  'problem.damaged': 'Damaged',
  'problem.spoiled': 'Spoiled',
  'problem.underweight': 'Underweight',
  'problem.temp_breach': 'Too warm',
  'problem.missing': 'Missing',
  'problem.dwell': 'Left over',
  'problem.wrong_release': 'Wrongly handed out',
  'problem.recalled': 'Recalled',
  'problem.expired': 'Past its date',
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
  'state.loaded': 'on its way',
  'state.delivered': 'signed for',
  'state.opened': 'being counted',
  'state.awaiting_return': 'waits for the van',
  'state.returned_empty': 'sent back',
  'state.lost': 'lost',
  'no.no_log_in': 'Log in first',
  'no.not_in_manifest': "Today's list does not have this",
  'no.no_question': 'This answer is too old: scan the code again',
  'no.no_scan': 'This cannot be undone, or was undone before',
  'no.not_kept': 'Storage is full: nothing was booked. Call maintenance, then try again',
  'no.busy': 'Busy: try again',
  'no.no_picture': 'This is no photo that can be opened: take it again (JPEG, PNG or WebP)',
  'no.too_large': 'The photo is too large: take a smaller one',
  'no.photo_slow': 'Reading took too long: go closer, so that the label fills the picture',
  'no.photo_failed': 'The box could not read the photo: take it again, or type the label and call maintenance',
  'no.no_room': 'Too many photos wait to be sent: take it once the network is back',
  'no.other_host': "Open the page by the station's own address",
  'no.bad_request': 'Something is wrong with the input: look again',
  'no.other_site': "Use the station's own page",
  'no.nothing_here': 'This box cannot do that yet',
  'no.unreachable': 'The box does not answer: nothing was booked',
  'no.other': 'Not done ({said})',
}

const t = texts(zh, en)

type Kind = 'word' | 'why' | 'problem' | 'state'
// Any key without a parameter stands for all of them.
type Plain = 'word.signed'

/** The word for one of the agent's keys; '' for one that this release does not know. */
export function known(kind: Kind, said: string): string {
  const key = `${kind}.${said}`
  return key in zh ? t(key as Plain) : ''
}

export function problemWord(problem: string): string {
  return known('problem', problem) || problem
}

export function stateWord(state: string): string {
  return known('state', state) || state
}

export function zoneWord(zone: string): string {
  const key = `zone.${zone}`
  return key === 'zone.ambient' || key === 'zone.chilled' || key === 'zone.frozen' ? common(key) : zone
}

/** Why the agent would not do something. */
export function refusal(error: unknown): string {
  if (!(error instanceof Refused)) return t('no.unreachable')
  const { code, message } = error.fault
  const key = `no.${code}`
  return code !== '' && key in zh ? t(key as Plain) : t('no.other', { said: message })
}

/** The one line that is read from a metre away. A refusal is its reason. */
export function headline(scan: Scan): string {
  if (scan.isUndone) return t('word.undone')
  if (scan.word === 'refused' && known('why', scan.detail)) return known('why', scan.detail)
  return known('word', scan.word) || pageWord('scan', scan.kind)
}

/** What else there is to say; `nameOf` knows people and articles. '' where nothing is. */
export function particulars(scan: Scan, nameOf: (id: string) => string): string {
  if (scan.kind === 'slot') return page('say.slot')
  if (scan.kind === 'failed' && scan.detail === '') return page('scan.unsent')
  const { detail } = scan
  if (detail === '' || (scan.word === 'refused' && !scan.isUndone && known('why', detail))) return ''
  const said = known('problem', detail) || known('state', detail) || known('why', detail)
  return said || (zoneWord(detail) !== detail ? zoneWord(detail) : nameOf(detail))
}

/** What is said aloud: short, and the shelf by its letters and digits. */
export function spoken(scan: Scan, slot = ''): string {
  const place = scan.isUndone ? '' : scan.slot || slot
  const amount = scan.of > 1 && !scan.isUndone ? (language.value === 'zh' ? `${scan.count}，共 ${scan.of}` : `${scan.count} of ${scan.of}`) : ''
  return [headline(scan), place.replace(/([A-Z]+)([0-9]+)/g, '$1 $2'), amount].filter((part) => part !== '').join('，')
}

const TONES: Readonly<Record<string, Tone>> = {
  received: 'go',
  shelved: 'go',
  released: 'go',
  slot: 'move',
  booked: 'go',
  asked: 'move',
  repeated: 'warn',
  wrong_site: 'stop',
  refused: 'stop',
  unknown: 'stop',
  failed: 'stop',
  undone: 'wait',
}

export function toneOf(scan: Scan): Tone {
  if (scan.isUndone) return 'wait'
  return scan.sound === 'attention' ? 'warn' : (TONES[scan.kind] ?? 'wait')
}
