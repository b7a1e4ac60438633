/** What a resident reads of the van that brings their order. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '配送车',
  window: '预计 {early}–{late} 到店',
  about: '预计 {early} 左右到店',
  next: '下一站就是您的自提点',
  before: '还有 {n} 站',
  asOf: '车辆位置截至 {time}',
  silent: '车辆暂时没有消息，时间可能有变。',
  estimate: '按直线距离估算',
  map: '配送车大致位置：{away}',
  near: '就在自提点附近',
  metres: '离自提点直线约 {n} 米',
  kilometres: '离自提点直线约 {n} 公里',
  coarse: '圆圈是配送车 {time} 时的大致位置（{m} 米范围内）',
  station: '自提点',
  noGround: '地图打不开，上面只是大概方位。',
} as const

const en: Readonly<Record<keyof typeof zh, string>> = {
  heading: 'The van',
  window: 'At your station between {early} and {late}',
  about: 'At your station at about {early}',
  next: 'Your station is the next stop',
  before: '{n} {n?stop|stops} before yours',
  asOf: 'by where the van was at {time}',
  silent: 'The van has not been heard for a while; the time may change.',
  estimate: 'an estimate by straight lines',
  map: 'About where the van is: {away}',
  near: 'near your station',
  metres: 'about {n} m from your station in a straight line',
  kilometres: 'about {n} km from your station in a straight line',
  coarse: 'The circle is about where the van was at {time}, within {m} m',
  station: 'Your station',
  noGround: 'The map cannot be opened; this only shows roughly which way the van is.',
}

export const e = texts(zh, en)
