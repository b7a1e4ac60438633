/**
 * What an agent says that means the same at a station and at a dock: labels that name nothing, log-ins, problems, and why it would
 * not do something (codes of edge/http). tests/e2e/test_words.py holds them together.
 */

import { Refused } from '../api/http'
import { common } from '../i18n/common'
import { texts } from '../i18n/text'
import type { Tone } from '../tone'
import type { Scan } from './agent'

const zh = {
  'word.locked_out': '试错太多，请稍候',
  'word.unknown_label': '未知标签',
  'word.not_kept': '存储失败',
  'word.undone': '已撤销',
  'word.logged_in': '已登录',
  'word.logged_out': '已退出',
  'word.log_in_unknown': 'PIN 或工牌不对',
  'word.log_in_needed': '请先登录',
  'why.a product, not a parcel': '这是商品条码，请扫包裹标签',
  'why.not_kept': '没有存下，请再扫一次',
  'why.check character is wrong: scan again': '校验不对，请再扫一次',
  'why.SSCC check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.GTIN check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.EAN check digit is wrong: scan again': '校验不对，请再扫一次',
  'why.not a parcel, container or product label': '不是包裹、周转筐或商品的标签',
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
  'no.no_log_in': '请先登录',
  'no.not_in_manifest': '今天的清单里没有这一项',
  'no.no_question': '这次查询已过期，请重新扫码',
  'no.no_scan': '这一条不能撤销，或已经撤销',
  'no.not_kept': '存储满了，没有登记；请联系维护后再试',
  'no.busy': '正忙，请再试一次',
  'no.no_picture': '这不是能打开的照片，请重新拍（JPEG、PNG 或 WebP）',
  'no.too_large': '照片太大，请拍小一点的',
  'no.photo_late': '照片没有传完：靠近路由器，再拍一次',
  'no.photo_slow': '识别太久没有结果：靠近一点，让标签占满画面再拍',
  'no.photo_failed': '盒子没能识别照片，请再拍一次；还不行请手动输入，并联系维护',
  'no.no_room': '等待上传的照片太多，存不下了；联网后再拍',
  'no.other_host': '请用本站自己的网址打开',
  'no.bad_request': '填写有误，请检查后再试',
  'no.other_site': '请在本站自己的页面上操作',
  'no.nothing_here': '这台盒子还不支持这个操作',
  'no.unreachable': '本机程序没有应答，没有登记',
  'no.other': '没有办成（{said}）',
  'no.not_planned': '计划里没有这一项',
  'no.no_device': '本站没有这把扫码枪',
  'no.no_trigger': '这把扫码枪没有设置成可以遥控读码；请按它自己的按钮',
  'no.device_away': '扫码枪没有应答：检查插头，再试一次',
} as const

const en: Record<keyof typeof zh, string> = {
  'word.locked_out': 'Too many wrong guesses: wait',
  'word.unknown_label': 'Unknown label',
  'word.not_kept': 'Storage failed',
  'word.undone': 'Undone',
  'word.logged_in': 'Logged in',
  'word.logged_out': 'Logged out',
  'word.log_in_unknown': 'Wrong PIN or badge',
  'word.log_in_needed': 'Log in first',
  'why.a product, not a parcel': 'A product’s barcode: scan the parcel’s label',
  'why.not_kept': 'not kept: scan it again',
  'why.check character is wrong: scan again': 'check character is wrong: scan again',
  'why.SSCC check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.GTIN check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.EAN check digit is wrong: scan again': 'check digit is wrong: scan again',
  'why.not a parcel, container or product label': 'no label of a parcel, container or product',
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
  'no.no_log_in': 'Log in first',
  'no.not_in_manifest': "Today's list does not have this",
  'no.no_question': 'This answer is too old: scan the code again',
  'no.no_scan': 'This cannot be undone, or was undone before',
  'no.not_kept': 'Storage is full: nothing was booked. Call maintenance, then try again',
  'no.busy': 'Busy: try again',
  'no.no_picture': 'This is no photo that can be opened: take it again (JPEG, PNG or WebP)',
  'no.too_large': 'The photo is too large: take a smaller one',
  'no.photo_late': 'The picture did not arrive: go nearer to the network and take it again',
  'no.photo_slow': 'Reading took too long: go closer, so that the label fills the picture',
  'no.photo_failed': 'The box could not read the photo: take it again, or type the label and call maintenance',
  'no.no_room': 'Too many photos wait to be sent: take it once the network is back',
  'no.other_host': "Open the page by the station's own address",
  'no.bad_request': 'Something is wrong with the input: look again',
  'no.other_site': "Use the station's own page",
  'no.nothing_here': 'This box cannot do that yet',
  'no.unreachable': 'The box does not answer: nothing was booked',
  'no.other': 'Not done ({said})',
  'no.not_planned': 'The plan does not have this',
  'no.no_device': 'This site has no such scanner',
  'no.no_trigger': 'This scanner is not set up to be told to read: press its own button',
  'no.device_away': 'The scanner does not answer: look at its plug and try again',
}

const t = texts(zh, en)

// Any key without a parameter stands for all of them.
type Plain = 'word.undone'

/** The word for one of the agent's keys; '' for one that is not known here. */
export function said(kind: 'word' | 'why' | 'problem', key: string): string {
  const full = `${kind}.${key}`
  return full in zh ? t(full as Plain) : ''
}

export function problemWord(problem: string): string {
  return said('problem', problem) || problem
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
