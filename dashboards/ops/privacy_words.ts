/** What the operator's planners read where a resident asks what is known of them, or that it be erased. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '居民隐私',
  say: '居民可以要求查看或删除自己的信息。每次操作都有记录；售后结案半年后，居民的文字和照片会自动删除。',
  phone: '居民手机号',
  give: '导出',
  given: '已导出：{orders} 个订单，{cases} 个售后单',
  erase: '删除…',
  'erase.say': '删除居民在售后里写的文字和照片；没有未完成订单的，姓名和手机号也一起删除。账目和处理结果保留。不能恢复。',
  reason: '依据（必填，例如：居民来电要求）',
  'erase.do': '确认删除',
  erased: '已删除：{cases} 个售后单的文字，{photos} 张照片。',
  unnamed: '姓名和手机号已删除。',
  named: '还有未完成的订单，姓名和手机号暂时保留；订单完成后请再删除一次。',
  record: '删除记录',
  line: '{time} {who}：{cases} 个售后单，{photos} 张照片 {why}',
  schedule: '定期清理',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Residents’ privacy',
  say: 'A resident may ask to see what is known of them, or to have it erased. Each time goes on record; half a year after a case is over its words and photographs go by themselves.',
  phone: 'Resident’s phone',
  give: 'Export',
  given: 'Exported: {orders} {orders?order|orders}, {cases} {cases?case|cases}',
  erase: 'Erase…',
  'erase.say': 'Erases what they wrote in cases and their photographs; where no order is open their name and phone too. Sums and decisions stay. It cannot be taken back.',
  reason: 'On what ground (required), such as: asked by phone',
  'erase.do': 'Erase',
  erased: 'Erased: the words of {cases} {cases?case|cases}, {photos} {photos?photograph|photographs}.',
  unnamed: 'Name and phone are erased.',
  named: 'An order is still open: name and phone stay for now; erase again when it is over.',
  record: 'What was erased',
  line: '{time} {who}: {cases} {cases?case|cases}, {photos} {photos?photograph|photographs} {why}',
  schedule: 'the schedule',
}

export const v = texts(zh, en)
