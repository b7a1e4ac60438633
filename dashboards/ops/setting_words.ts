/** What the operator's planners read where they set limits of temperature and what a dock sorts for. */

import { texts } from '../shared/i18n/text'

const zh = {
  'limits.heading': '温度限值和商品分类',
  'limits.say': '每类商品允许的温度；不改就用系统默认值。自提点下次联网时生效，已经离开的包裹按当时的限值判断。',
  'limits.low': '最低 °C',
  'limits.high': '最高 °C',
  'limits.rebound': '短时可到 °C',
  'limits.warn': '超过几分钟预警',
  'limits.alarm': '超过几分钟告警',
  'limits.own': '已改',
  'limits.default': '默认',
  'limits.save': '保存限值',
  'limits.saved': '已保存',
  'limits.reset': '恢复默认',
  'goods.chilled': '冷藏（0–5 °C 类）',
  'goods.chilled_wide': '冷藏（0–10 °C 类）',
  'goods.frozen': '冷冻',
  'goods.zone': '按温区',
  'article.heading': '单个商品的分类',
  'article.say': '商品和所在温区的限值不同时，在这里写明。',
  'article.sku': '商品编码',
  'article.find': '查找',
  'article.class': '分类',
  'article.save': '保存分类',
  'article.saved': '已保存：{name} · {goods}',
  'dock.heading': '网格仓分拣哪些自提点',
  'dock.say': '一个都不选，就是它服务的运营方的全部自提点。下一份清单起生效。',
  'dock.dock': '网格仓',
  'dock.none': '还没有登记网格仓。',
  'dock.stations': '自提点',
  'dock.save': '保存',
  'dock.saved': '已保存：{n} 个自提点',
  'dock.all': '已保存：全部自提点',
} as const

const en: Record<keyof typeof zh, string> = {
  'limits.heading': 'Limits of temperature, and classes of goods',
  'limits.say': 'How warm each class of goods may be; what is not changed has its default. Stations follow when next connected; what has left stays judged as it was.',
  'limits.low': 'Lowest °C',
  'limits.high': 'Highest °C',
  'limits.rebound': 'Briefly up to °C',
  'limits.warn': 'Warns after min',
  'limits.alarm': 'Alarm after min',
  'limits.own': 'changed',
  'limits.default': 'default',
  'limits.save': 'Save the limits',
  'limits.saved': 'Saved',
  'limits.reset': 'Back to the default',
  'goods.chilled': 'Chilled (0–5 °C)',
  'goods.chilled_wide': 'Chilled (0–10 °C)',
  'goods.frozen': 'Frozen',
  'goods.zone': 'its zone’s',
  'article.heading': 'The class of one article',
  'article.say': 'Where an article may be warmer or colder than others of its zone.',
  'article.sku': 'SKU',
  'article.find': 'Find',
  'article.class': 'Class',
  'article.save': 'Save the class',
  'article.saved': 'Saved: {name} · {goods}',
  'dock.heading': 'Which stations a grid warehouse sorts for',
  'dock.say': 'None chosen: all stations of the operators it serves. Counts from the next manifest on.',
  'dock.dock': 'Grid warehouse',
  'dock.none': 'No grid warehouse is registered yet.',
  'dock.stations': 'Stations',
  'dock.save': 'Save',
  'dock.saved': 'Saved: {n} {n?station|stations}',
  'dock.all': 'Saved: all stations',
}

export const s = texts(zh, en)

export const GOODS = ['chilled', 'chilled_wide', 'frozen'] as const
export type Goods = (typeof GOODS)[number]

export function goodsWord(goods: Goods | null): string {
  return s(goods === null ? 'goods.zone' : `goods.${goods}`)
}
