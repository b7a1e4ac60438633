/** What is read at a dock, and what its agent says of an act (edge/dock/words.py). tests/e2e/test_words.py holds them together. */

import type { Scan } from '../shared/agent/agent'
import { said, zoneWord } from '../shared/agent/said'
import type { Sentence } from '../shared/agent/voice/sentence'
import { t as agentWord } from '../shared/agent/words'
import { texts } from '../shared/i18n/text'

const zh = {
  title: '网格仓',
  'mode.label': '现在做什么',
  'mode.sort': '分拣',
  'mode.pack': '装筐',
  'mode.seal': '封箱',
  'mode.load': '装车',
  'mode.empties': '空筐',
  'say.sort': '扫包裹，看分拣道',
  'say.pack': '先扫空筐，再扫包裹',
  'say.seal': '扫装好的筐',
  'say.load': '扫筐上车，最后一站先装',
  'say.empties': '扫收回的空筐',
  'say.count': '{n}，共 {of}',
  'word.sorted': '放到',
  'word.sorted_before': '重复，放到',
  'word.sorted_no_route': '没有线路，放一边',
  'word.packed_already': '已装筐',
  'word.not_in_plan': '不在计划里',
  'word.no_plan': '还没收到计划',
  'word.want_parcel': '这是筐，请扫包裹',
  'word.want_container': '这是包裹，请扫筐',
  'word.bound': '已绑定',
  'word.open': '继续装',
  'word.packed': '已装',
  'word.moved': '已换筐',
  'word.full': '装齐了',
  'word.packed_before': '重复',
  'word.no_container': '先扫筐',
  'word.wrong_station': '别站的包裹',
  'word.wrong_zone': '温区不对',
  'word.wrong_container': '不是这一筐',
  'word.container_busy': '这个筐已用',
  'word.load_bound': '已有别的筐装',
  'word.goods_packed': '放到',
  'word.goods_full': '这种齐了',
  'word.goods_enough': '这种不用再放',
  'word.goods_too_many': '多了',
  'word.goods_elsewhere': '不是这一筐的货',
  'word.goods_unbound': '先给这一道扫空筐',
  'word.sealed': '已封箱',
  'word.sealed_short': '有缺，已封箱',
  'word.seal_lacks': '有缺，没有封',
  'word.sealed_before': '之前已封箱',
  'word.not_bound': '还没装筐',
  'word.loaded': '已装车',
  'word.run_full': '装车完成',
  'word.loaded_early': '装早了，应先装',
  'word.loaded_before': '之前已装车',
  'word.found': '报丢的筐找到了，已装车',
  'word.wrong_run': '别的车次',
  'word.not_sealed': '还没封箱',
  'word.no_route': '没有线路',
  'word.taken_back': '空筐已收',
  'word.taken_back_before': '之前已收',
  'word.not_empty': '筐里有货',
  'word.holds_goods': '筐里有散货，不是空筐',
  'word.still_sealed': '还封着，不是空筐',
  'word.lost': '丢筐',
  'word.lost_before': '之前已报丢筐',
  'state.empty': '待装',
  'state.bound': '装筐中',
  'state.sealed': '已封箱',
  'state.loaded': '已装车',
  'state.delivered': '已交接',
  'state.opened': '已开箱',
  'state.awaiting_return': '待回收',
  'state.returned_empty': '已回收',
  'state.lost': '丢筐',
  'plan.none': '还没收到今天的计划：等云端排好线路，连上网就会自动收到',
  'plan.empty': '计划里没有要装的筐',
  'runs.heading': '车次',
  'run.name': '车次 {name}',
  'run.left': '还差 {n} 筐',
  'run.full': '装齐',
  'run.full.short': '装完，有缺',
  'run.short': '{lane} {zone} {number}：缺 {n}，已封箱',
  'run.counts': '已装车 {loaded} / {containers} 筐 · 已封 {sealed}',
  'run.parcels': '已分拣 {sorted} · 已装筐 {packed} / {parcels} 个包裹',
  'run.next': '下一筐：{lane}',
  'run.open': '装这一车',
  'run.close': '换车次',
  'run.look': '看清单',
  'run.hide': '收起',
  'run.lost': '丢筐 {n}',
  'unrouted.heading': '没有线路的筐（{n}）',
  'load.stop': '第 {n} 站',
  'load.count': '{packed} / {parcels} 个包裹',
  'load.sorted': '已分拣 {n}',
  'load.short': '缺 {n}',
  'load.stands_in': '替代 {label}',
  'load.stand_in': '换个空筐',
  'load.waits': '请扫要换的空筐，装 {lane} {zone}',
  'load.waits.never': '不换了',
  'load.lost': '找不到',
  'load.lost.sure': '确认丢筐',
  'open.heading': '正在装 {lane}',
  'open.left': '还差 {n}',
  'open.full': '装齐了，可以封箱',
  'open.lacks': '还没装的包裹',
  'open.seal': '封好这一筐',
  'open.lack': '还差 {what}',
  'open.lack.parcels': '{n} 个包裹',
  'open.lack.pieces': '{n} 件商品',
  'open.short': '缺 {what}也封箱',
  'open.short.sure': '确认：{n} 个包裹记为丢失',
  'open.short.pieces': '确认：少 {n} 件商品封箱',
  'open.goods': '散货：扫商品码一件一记，或填件数；不记就按清单放',
  'open.goods.count': '{counted} / {quantity}',
  'open.goods.label': '{name} 放了几件',
  'open.goods.do': '记数',
  'load.goods': '{name} × {n}',
  'comma': '、',
  'open.none': '扫一个空筐开始装',
  'lost.heading': '找不到的筐',
  'place.label': '本页配合哪把枪',
  'place.all': '全部设备',
  'place.share': '{name} 放回共用',
  'cancel': '取消',
} as const

const en: Record<keyof typeof zh, string> = {
  title: 'Grid warehouse',
  'mode.label': 'What are we doing',
  'mode.sort': 'Sort',
  'mode.pack': 'Pack',
  'mode.seal': 'Seal',
  'mode.load': 'Load',
  'mode.empties': 'Empties',
  'say.sort': 'Scan a parcel for its lane',
  'say.pack': 'Scan an empty container, then its parcels',
  'say.seal': 'Scan a packed container',
  'say.load': 'Scan containers into the van, last stop first',
  'say.empties': 'Scan containers that came back',
  'say.count': '{n} of {of}',
  'word.sorted': 'Into',
  'word.sorted_before': 'Again, into',
  'word.sorted_no_route': 'On no route: put it aside',
  'word.packed_already': 'Packed already',
  'word.not_in_plan': 'Not in the plan',
  'word.no_plan': 'No plan yet',
  'word.want_parcel': 'A container: scan a parcel',
  'word.want_container': 'A parcel: scan a container',
  'word.bound': 'Bound',
  'word.open': 'Go on packing',
  'word.packed': 'Packed',
  'word.moved': 'Moved over',
  'word.full': 'Complete',
  'word.packed_before': 'Again',
  'word.no_container': 'Container first',
  'word.wrong_station': "Another station's",
  'word.wrong_zone': 'Wrong temperature',
  'word.wrong_container': 'Not this container',
  'word.container_busy': 'Container is in use',
  'word.load_bound': 'Another container has it',
  'word.goods_packed': 'Into',
  'word.goods_full': 'All of these are in',
  'word.goods_enough': 'No more of these',
  'word.goods_too_many': 'Too many',
  'word.goods_elsewhere': 'Not for this container',
  'word.goods_unbound': 'Bind a container for this lane first',
  'word.sealed': 'Sealed',
  'word.sealed_short': 'Sealed short',
  'word.seal_lacks': 'Parcels lack: not sealed',
  'word.sealed_before': 'Sealed before',
  'word.not_bound': 'Not packed yet',
  'word.loaded': 'Loaded',
  'word.run_full': 'Van complete',
  'word.loaded_early': 'Too early, first',
  'word.loaded_before': 'Loaded before',
  'word.found': 'Lost one found, loaded',
  'word.wrong_run': 'Another run',
  'word.not_sealed': 'Not sealed yet',
  'word.no_route': 'On no route',
  'word.taken_back': 'Taken back',
  'word.taken_back_before': 'Taken back before',
  'word.not_empty': 'Not empty',
  'word.holds_goods': 'Loose goods in it, not empty',
  'word.still_sealed': 'Still sealed, not empty',
  'word.lost': 'Lost',
  'word.lost_before': 'Lost before',
  'state.empty': 'waits',
  'state.bound': 'being packed',
  'state.sealed': 'sealed',
  'state.loaded': 'loaded',
  'state.delivered': 'handed over',
  'state.opened': 'opened',
  'state.awaiting_return': 'waits for the van',
  'state.returned_empty': 'sent back',
  'state.lost': 'lost',
  'plan.none': "Today's plan has not come: it arrives by itself once the cloud has made it and the network is there",
  'plan.empty': 'The plan has no containers',
  'runs.heading': 'Runs',
  'run.name': 'Run {name}',
  'run.left': '{n} to load',
  'run.full': 'complete',
  'run.full.short': 'loaded, some short',
  'run.short': '{lane} {zone} {number}: sealed without {n}',
  'run.counts': 'loaded {loaded} of {containers} · sealed {sealed}',
  'run.parcels': 'sorted {sorted} · packed {packed} of {parcels}',
  'run.next': 'Next: {lane}',
  'run.open': 'Load this one',
  'run.close': 'Another run',
  'run.look': 'List',
  'run.hide': 'Hide',
  'run.lost': '{n} lost',
  'unrouted.heading': 'Containers on no route ({n})',
  'load.stop': 'stop {n}',
  'load.count': '{packed} of {parcels}',
  'load.sorted': 'sorted {n}',
  'load.short': '{n} short',
  'load.stands_in': 'stands in for {label}',
  'load.stand_in': 'Other container',
  'load.waits': 'Scan the container that takes {lane} {zone}',
  'load.waits.never': 'Never mind',
  'load.lost': 'Not found',
  'load.lost.sure': 'Yes, it is lost',
  'open.heading': 'Packing {lane}',
  'open.left': '{n} to go',
  'open.full': 'Complete: seal it',
  'open.lacks': 'Not in it yet',
  'open.seal': 'Seal this one',
  'open.lack': '{what} to go',
  'open.lack.parcels': '{n} {n?parcel|parcels}',
  'open.lack.pieces': '{n} {n?piece|pieces}',
  'open.short': 'Seal without {what}',
  'open.short.sure': 'Yes: {n} {n?parcel is|parcels are} missing',
  'open.short.pieces': 'Yes: seal it {n} {n?piece|pieces} short',
  'open.goods': 'By article: scan each EAN, or type how many; or put in by this list and count nothing',
  'open.goods.count': '{counted} of {quantity}',
  'open.goods.label': 'How many {name}',
  'open.goods.do': 'Count',
  'load.goods': '{name} × {n}',
  'comma': ', ',
  'open.none': 'Scan an empty container to begin',
  'lost.heading': 'Containers nobody finds',
  'place.label': 'Scanner of this page',
  'place.all': 'all of them',
  'place.share': '{name} back to all',
  'cancel': 'Cancel',
}

export const t = texts(zh, en)

// Any key without a parameter stands for all of them.
type Plain = 'word.sorted'

/** A word for what the agent says; what this page has no word for is shown as it came. */
export function word(kind: 'mode' | 'state' | 'say', key: string): string {
  const full = `${kind}.${key}`
  return full in zh ? t(full as Plain) : key
}

function known(key: string): string {
  const full = `word.${key}`
  return full in zh ? t(full as Plain) : said('word', key)
}

/** The name of a run, of its key. */
export function runName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

const WITH_RUN = new Set(['loaded', 'run_full', 'loaded_early', 'loaded_before', 'found', 'wrong_run'])

/** The one line that is read from a metre away. */
export function headline(scan: Scan): string {
  if (scan.isUndone) return said('word', 'undone')
  return known(scan.word) || (scan.kind === 'failed' ? said('word', 'not_kept') : scan.kind)
}

/** What else there is to say: the run, the zone, whose it is; '' where nothing is. */
export function particulars(scan: Scan, nameOf: (id: string) => string): string {
  const { detail } = scan
  if (scan.kind === 'failed' && detail === '') return agentWord('scan.unsent')
  if (detail === '') return ''
  if (WITH_RUN.has(scan.word)) return t('run.name', { name: runName(detail) })
  return said('why', detail) || (zoneWord(detail) !== detail ? zoneWord(detail) : nameOf(detail))
}

/** What is said aloud: short, and the lane. */
export function spoken(scan: Scan): Sentence {
  const { isUndone, count, of } = scan
  const amount = of > 1 && !isUndone ? { count, of, isInGrams: false, text: t('say.count', { n: count, of }) } : null
  return { line: headline(scan), plain: '', place: isUndone ? '' : scan.slot, amount }
}
