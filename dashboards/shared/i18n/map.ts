/** Words of every map. */

import { texts } from './text'

const zh = {
  gl: '完整地图',
  light: '轻量地图',
  none: '还没有导入地图，只显示位置。导入：python -m cloud roads import 文件.osm.pbf',
  failed: '地图打不开：{why}',
  estimate: '没有路网：路线和时间按直线估算。',
  fit: '显示全部',
  title: '地图',
  'zoom.in': '放大',
  'zoom.out': '缩小',
} as const

const en: Record<keyof typeof zh, string> = {
  gl: 'Full map',
  light: 'Light map',
  none: 'No map is imported; only places are shown. Import one: python -m cloud roads import FILE.osm.pbf',
  failed: 'The map cannot be opened: {why}',
  estimate: 'No roads: ways and times are estimated along straight lines.',
  fit: 'Show all',
  title: 'Map',
  'zoom.in': 'Zoom in',
  'zoom.out': 'Zoom out',
}

export const mapText = texts(zh, en)
