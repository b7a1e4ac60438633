/** What a resident reads. 提货 throughout; 核销 is the staff's word. States are those of the domain. */

import type { OrderView, Step } from '../shared/api/order'
import { texts } from '../shared/i18n/text'
import { astray, astrayStep, partOf } from './order'

const zh = {
  title: '我的订单',
  loading: '正在打开您的订单…',
  'order.number': '订单号 {number}',
  'state.placed': '已下单',
  'state.paid': '已支付',
  'state.locked': '已截单',
  'state.allocating': '备货中',
  'state.partially_short': '部分缺货',
  'state.in_transit': '配送中',
  'state.arrived': '已到自提点',
  'state.ready': '待提货',
  'state.partially_collected': '部分提货',
  'state.collected': '已提货',
  'state.overdue': '逾期未提',
  'state.cancelled': '已取消',
  'state.closed': '已完成',
  'part.arrived': '{here}/{total} 个包裹已到',
  'part.arrived.say': '{total} 个包裹到了 {here} 个，其余的到店后这里会自动更新。',
  'astray.one': '您的货送到了别的自提点，正在转送，到店后这里会自动更新。',
  'astray.part': '有 {astray} 个包裹送到了别的自提点，正在转送，到店后这里会自动更新。',
  'astray.here': '{here} 个包裹在店里，另有 {astray} 个送到了别的自提点，正在转送，到店后这里会自动更新。',
  'parcel.astray': '送到了别的自提点，正在转送',
  'step.astray': '送到了别的自提点',
  'step.sent_on': '正在转送到您的自提点',
  'part.collected': '已提 {collected}/{total} 个包裹',
  'part.collected.here': '还有 {here} 个包裹在店里等您。',
  'part.collected.coming': '还有 {coming} 个包裹没有到店，到店后这里会自动更新。',
  'part.collected.both': '还有 {here} 个包裹在店里等您，另有 {coming} 个没有到店。',
  'say.placed': '订单已收到，截单后开始备货。',
  'say.paid': '已付款，截单后开始备货。',
  'say.locked': '已截单，马上开始备货。',
  'say.allocating': '仓库正在为您备货。',
  'say.partially_short': '有商品缺货，其余照常配送。',
  'say.in_transit': '货在路上。到店后这里会自动更新。',
  'say.arrived': '货已到店，正在清点上架，请再等一等。',
  'say.ready': '可以来提货了。',
  'say.partially_collected': '还有商品在店里等您。',
  'early.word': '已到自提点',
  'early.say': '货提前到店了，{day}来提货；提货码当天显示。',
  'say.collected': '商品已全部提走，谢谢。',
  'say.overdue': '已过提货时间，请尽快联系自提点。',
  'say.cancelled': '订单已取消，不用来提货。',
  'say.closed': '订单已完成，谢谢。',
  'say.unseen_today': '今天提货。店里还没有扫到您的货，扫到后这里会自动更新。',
  'say.unseen_over': '提货时间已过，一直没有扫到您的货，请联系自提点或团长。',
  'say.on_way_over': '提货时间已过，货还没有到店，请联系自提点或团长。',
  'stage.0': '下单',
  'stage.1': '备货',
  'stage.2': '配送',
  'stage.3': '到店',
  'stage.4': '提货',
  'stages.label': '进度：第 {n} 步，共 5 步，{word}',
  'parcel.expected': '待到货',
  'parcel.sorted': '已分拣',
  'parcel.packed': '已装筐',
  'parcel.received': '已入库',
  'parcel.shelved': '已上架',
  'parcel.in_locker': '已入柜',
  'parcel.released': '已提货',
  'parcel.returned': '已退回',
  'parcel.disposed': '已报损',
  'exception.short': '少货',
  'exception.surplus': '多货',
  'exception.wrong_item': '错货',
  'exception.damaged': '破损',
  'exception.spoiled': '变质',
  'exception.underweight': '重量不足',
  'exception.temp_breach': '温度超限',
  'exception.missing': '丢失',
  'exception.dwell': '滞留',
  'exception.wrong_release': '错发',
  'shelf.label': '货架号',
  'shelf.tell': '到店报这个号',
  'pickup.when': '提货日期',
  'reminder.say': '{by}在 {time} 提醒您：货已到，请今天来提。',
  'reminder.overdue': '{by}在 {time} 提醒您：货已过提货日，请尽快来提。',
  'pickup.deadline': '最晚 {time} 前提货',
  'pickup.over': '提货时间到 {time} 为止，已经过了',
  'pickup.where': '自提点',
  'tail.do': '查看',
  'code.heading': '提货码',
  'code.ask': '请输入订单手机号的后四位，查看提货码',
  'code.tell': '报给店员，或让店员扫二维码；在柜机上也用它。',
  'code.qr': '提货二维码',
  'code.cells': '柜格 {cells}',
  'code.old': '现在连不上，这是 {time} 看到的提货码。',
  'code.hide': '不在这部手机上显示',
  'proxy.title': '代提凭证',
  'proxy.heading': '代人提货',
  'proxy.send': '请别人代提',
  'proxy.made': '把这个链接发给代提的人。只能用一次，可以随时撤回。',
  'proxy.message': '请凭这个链接帮我提货，只能用一次：{url}',
  'proxy.copy': '复制',
  'proxy.copied': '已复制',
  'proxy.one': '代提 {n}',
  'proxy.until': '有效至 {time}',
  'proxy.revoke': '撤回',
  'proxy.used': '这个代提凭证已经用过了',
  'proxy.revoked': '这个代提凭证已被撤回',
  'proxy.expired': '这个代提凭证已过期',
  'proxy.nothing_left': '已经没有可提的包裹了',
  'proxy.gone': '这个代提凭证已过期',
  'proxy.ask': '如还需代提，请让收货人再发一个。',
  'proxy.network': '连不上服务器，请检查手机网络。',
  'order.reportOver': '现在不能反映新问题，请联系团长。',
  'goods.heading': '商品',
  'goods.count': '共 {n} 件商品',
  'goods.parcel': '包裹 {label}',
  'goods.unparcelled': '尚未装包',
  'list.comma': '、',
  'timeline.heading': '全程记录',
  'timeline.none': '还没有记录，货一动这里就会出现。',
  'timeline.new': '新',
  'timeline.heard': '新进展：{word}，{place}，{time}',
  'timeline.heard.nowhere': '新进展：{word}，{time}',
  'gone.heading': '链接已过期',
  'gone.why': '为了保护您的隐私，订单链接只在一段时间内有效。',
  'gone.what': '请打开购物小程序重新点“查看物流”，或请团长再发一次。',
  'unknown.heading': '链接打不开',
  'unknown.why': '这个链接不完整，或者不是我们发出的。',
  'unknown.what': '请完整复制链接再打开，或请团长再发一次。',
  'unreachable.heading': '网络不通',
  'unreachable.why': '现在连不上服务器，您的订单不受影响。',
  'unreachable.what': '请检查手机网络；连上后本页会自动打开。',
  'station.silent': '自提点离线，以下为 {time} 的情况；恢复后自动更新。',
} as const

const en: Record<keyof typeof zh, string> = {
  title: 'My order',
  loading: 'Opening your order…',
  'order.number': 'Order {number}',
  'state.placed': 'Ordered',
  'state.paid': 'Paid',
  'state.locked': 'Orders closed',
  'state.allocating': 'Being packed',
  'state.partially_short': 'Partly short',
  'state.in_transit': 'On its way',
  'state.arrived': 'At the station',
  'state.ready': 'Ready to collect',
  'state.partially_collected': 'Partly collected',
  'state.collected': 'Collected',
  'state.overdue': 'Overdue',
  'state.cancelled': 'Cancelled',
  'state.closed': 'Completed',
  'part.arrived': '{here} of {total} parcels are here',
  'part.arrived.say': '{here} of your {total} parcels {here?has|have} arrived. This page updates by itself when the rest is here.',
  'astray.one': 'Your goods went to another station and are being sent on. This page updates by itself.',
  'astray.part': '{astray} {astray?parcel|parcels} went to another station and {astray?is|are} being sent on. This page updates by itself.',
  'astray.here':
    '{here} {here?parcel is|parcels are} at your station; {astray} went to another one and {astray?is|are} being sent on. This page updates by itself.',
  'parcel.astray': 'At another station, being sent on',
  'step.astray': 'Went to another station',
  'step.sent_on': 'Being sent on to your station',
  'part.collected': '{collected} of {total} parcels collected',
  'part.collected.here': '{here} {here?parcel is|parcels are} still waiting for you.',
  'part.collected.coming': '{coming} {coming?parcel has|parcels have} not arrived yet. This page updates by itself.',
  'part.collected.both': '{here} {here?parcel is|parcels are} waiting for you, and {coming} {coming?has|have} not arrived yet.',
  'say.placed': 'We have your order. Packing starts when the day’s orders close.',
  'say.paid': 'Paid. Packing starts when the day’s orders close.',
  'say.locked': 'The day’s orders are closed; packing is about to start.',
  'say.allocating': 'The warehouse is packing your goods.',
  'say.partially_short': 'Some goods are short; the rest comes as planned.',
  'say.in_transit': 'On the road. This page updates by itself.',
  'say.arrived': 'Your goods are at the station and being shelved. A little more patience.',
  'say.ready': 'You can come and collect.',
  'say.partially_collected': 'Some goods are still waiting for you.',
  'early.word': 'At the station',
  'early.say': 'Your goods came early. Collect them {day}; the pickup code shows on that day.',
  'say.collected': 'Everything has been collected. Thank you.',
  'say.overdue': 'Collection time is over. Please contact the station soon.',
  'say.cancelled': 'The order was cancelled; there is nothing to collect.',
  'say.closed': 'The order is complete. Thank you.',
  'say.unseen_today': 'Collection is today. The station has not scanned your goods yet; this page updates by itself.',
  'say.unseen_over': 'Collection time is over and your goods were never scanned. Please contact the station or your leader.',
  'say.on_way_over': 'Collection time is over and your goods are not at the station. Please contact it or your leader.',
  'stage.0': 'Ordered',
  'stage.1': 'Packed',
  'stage.2': 'On the road',
  'stage.3': 'Arrived',
  'stage.4': 'Collect',
  'stages.label': 'Progress: step {n} of 5, {word}',
  'parcel.expected': 'Expected',
  'parcel.sorted': 'Sorted',
  'parcel.packed': 'In a crate',
  'parcel.received': 'Arrived',
  'parcel.shelved': 'On the shelf',
  'parcel.in_locker': 'In a locker',
  'parcel.released': 'Collected',
  'parcel.returned': 'Returned',
  'parcel.disposed': 'Written off',
  'exception.short': 'Short',
  'exception.surplus': 'Surplus',
  'exception.wrong_item': 'Wrong item',
  'exception.damaged': 'Damaged',
  'exception.spoiled': 'Spoiled',
  'exception.underweight': 'Underweight',
  'exception.temp_breach': 'Out of temperature',
  'exception.missing': 'Missing',
  'exception.dwell': 'Kept too long',
  'exception.wrong_release': 'Given to someone else',
  'shelf.label': 'Shelf',
  'shelf.tell': 'Say this at the counter',
  'pickup.when': 'Collect on',
  'reminder.say': '{by} reminded you at {time}: your goods are here, please come today.',
  'reminder.overdue': '{by} reminded you at {time}: your pickup day is over, please come as soon as you can.',
  'pickup.deadline': 'Collect before {time}',
  'pickup.over': 'Collection ended {time}',
  'pickup.where': 'Station',
  'tail.do': 'Show',
  'code.heading': 'Pickup code',
  'code.ask': 'Enter the last four digits of the order’s phone to see the pickup code',
  'code.tell': 'Tell it to the staff or let them scan the QR; lockers take it too.',
  'code.qr': 'QR code for pickup',
  'code.cells': 'Locker {cells}',
  'code.old': 'No connection now: this is the code as of {time}.',
  'code.hide': 'Do not show it on this phone',
  'proxy.title': 'Collecting for somebody',
  'proxy.heading': 'Collect for somebody',
  'proxy.send': 'Let somebody else collect',
  'proxy.made': 'Send this link to who comes instead. It works once, and you can take it back.',
  'proxy.message': 'Please collect my order with this link; it works once: {url}',
  'proxy.copy': 'Copy',
  'proxy.copied': 'Copied',
  'proxy.one': 'Somebody else {n}',
  'proxy.until': 'good until {time}',
  'proxy.revoke': 'Take back',
  'proxy.used': 'This was used already',
  'proxy.revoked': 'This was taken back',
  'proxy.expired': 'This has expired',
  'proxy.nothing_left': 'There is nothing left to collect',
  'proxy.gone': 'This has expired',
  'proxy.ask': 'If somebody still has to collect, ask the owner of the order for a new one.',
  'proxy.network': 'The server cannot be reached. Check your phone’s network.',
  'order.reportOver': 'Nothing new can be reported now; please ask your group leader.',
  'goods.heading': 'Goods',
  'goods.count': '{n} {n?item|items}',
  'goods.parcel': 'Parcel {label}',
  'goods.unparcelled': 'Not packed yet',
  'list.comma': ', ',
  'timeline.heading': 'What happened',
  'timeline.none': 'Nothing yet. It appears here as soon as your goods move.',
  'timeline.new': 'New',
  'timeline.heard': 'News: {word}, {place}, {time}',
  'timeline.heard.nowhere': 'News: {word}, {time}',
  'gone.heading': 'This link has expired',
  'gone.why': 'To protect your privacy a link to an order works for a limited time.',
  'gone.what': 'Open the shop again and choose “track”, or ask your group leader for a new link.',
  'unknown.heading': 'This link does not work',
  'unknown.why': 'It is incomplete, or it is not one of ours.',
  'unknown.what': 'Copy the whole link and open it again, or ask your group leader for a new one.',
  'unreachable.heading': 'No connection',
  'unreachable.why': 'The server cannot be reached. Your order is not affected.',
  'unreachable.what': 'Check your phone’s network; this page opens by itself once it is back.',
  'station.silent': 'The station is offline. This is how things were at {time}; it updates by itself.',
}

export const t = texts(zh, en)

type Key = keyof typeof zh

/** The word for a state of the domain; a state this release does not know is shown as it is rather than hidden. */
export function stateWord(kind: 'state' | 'parcel' | 'exception', state: string): string {
  const key = `${kind}.${state}`
  return key in zh ? t(key as PlainKey) : state
}

/** The order's state in the largest letters: where only a part is there or collected, how much; nothing is ready before its day. */
export function headline(order: Pick<OrderView, 'state' | 'counts'>, early = false): string {
  const part = partOf(order)
  if (part === null) return early && order.state === 'ready' ? t('early.word') : stateWord('state', order.state)
  return part.kind === 'arrived' ? t('part.arrived', part) : t('part.collected', part)
}

/** What is said of a part; '' where the whole order is in one state. */
export function partSentence(order: Pick<OrderView, 'state' | 'counts'>): string {
  const part = partOf(order)
  if (part === null) return ''
  if (part.kind === 'arrived') return t('part.arrived.say', part)
  if (part.coming === 0) return t('part.collected.here', part)
  return part.here === 0 ? t('part.collected.coming', part) : t('part.collected.both', part)
}

/** What is said of parcels that another station has; '' where none is astray. */
export function astraySentence(order: Pick<OrderView, 'counts' | 'parcels'>): string {
  const count = astray(order)
  if (count === 0) return ''
  if (order.parcels.length === 1) return t('astray.one')
  const here = order.counts?.here ?? 0
  return here > 0 ? t('astray.here', { here, astray: count }) : t('astray.part', { astray: count })
}

/** A step in words; what happened at another station than `siteName` is no arrival. */
export function stepText(step: Step, siteName: string): string {
  const lost = astrayStep(step, siteName)
  return lost === null ? stepWord(step.state) : t(`step.${lost}`)
}

/** What is said aloud of a step that came just now; `time`: as it is shown. On the road it has no place. */
export function heardText(step: Step, siteName: string, time: string): string {
  const word = stepText(step, siteName)
  return step.site_name ? t('timeline.heard', { word, place: step.site_name, time }) : t('timeline.heard.nowhere', { word, time })
}

/** A timeline names states of orders and of parcels. */
export function stepWord(state: string): string {
  return stateWord(`parcel.${state}` in zh ? 'parcel' : 'state', state)
}

/** What is said of a state, or of `saying`'s words for a day that has come or gone. */
export function sentence(said: string): string {
  const key = `say.${said}`
  return key in zh ? t(key as PlainKey) : ''
}

type PlainKey = Extract<Key, `say.${string}` | `state.${string}`>

/** Of a cancelled order nothing comes: whatever of it nobody has scanned is cancelled too. */
export function parcelStateWord(order: string, parcel: string): string {
  return order === 'cancelled' && parcel === 'expected' ? stateWord('state', 'cancelled') : stateWord('parcel', parcel)
}
