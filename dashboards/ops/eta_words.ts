/** How true arrivals were, as the ops page says it. */

import { texts } from '../shared/i18n/text'

const zh = {
  heading: '到站预测准确度',
  say: '最近 {days} 天：预测与实际到站的平均误差，以及实际到站落在所示时段（P10–P90）内的比例，目标 80%。',
  runs: '已从 {n} 个车次学习',
  none: '还没有车次可供对照。',
  route: '线路',
  mae: '误差',
  coverage: '落在时段内',
  width: '时段宽度',
  schedule: '按计划的误差',
  delay: '计划加当前晚点的误差',
  said: '预测次数',
  minutes: '{n} 分钟',
  ahead: '前面还有 {n} 站起',
  next: '下一站',
} as const

const en: Readonly<Record<keyof typeof zh, string>> = {
  heading: 'How true arrivals were',
  say: 'Last {days} days: mean error of what was said, and how often the van came within the window shown (P10–P90), which should be 80 %.',
  runs: 'learned from {n} {n?run|runs}',
  none: 'No run to compare with yet.',
  route: 'Route',
  mae: 'Error',
  coverage: 'Within window',
  width: 'Window',
  schedule: 'Error of the plan',
  delay: 'Error of plan and delay',
  said: 'Said',
  minutes: '{n} min',
  ahead: '{n} {n?stop|stops} before and more',
  next: 'Next stop',
}

export const e = texts(zh, en)
