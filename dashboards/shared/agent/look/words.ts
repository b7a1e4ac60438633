/** Words of scanning by camera and by photograph. */

import { texts } from '../../i18n/text'

const zh = {
  'look.open': '用摄像头扫码',
  'look.close': '收起摄像头',
  'look.again': '再试摄像头',
  'look.label': '摄像头画面',
  'look.starting': '正在打开摄像头…',
  'look.hold': '把标签放进画面，听到提示音再换下一个',
  'look.insecure': '这个网址不是加密连接（https），浏览器不给实时摄像头。可以拍照，由本站盒子识别；要用实时摄像头，请用 https 网址或在盒子本机打开。',
  'look.missing': '这个浏览器没有实时摄像头功能。可以拍照，由本站盒子识别。',
  'look.denied': '没有摄像头权限。请在浏览器网址栏旁边允许摄像头，或拍照识别。',
  'look.none': '没有找到摄像头。可以拍照识别。',
  'look.busy': '摄像头被别的程序占用。关掉它再试，或拍照识别。',
  'look.lost': '摄像头断开了。插好再试，或拍照识别。',
  'look.old': '这个浏览器太旧，不能在页面里识别。可以拍照，由本站盒子识别。',
  'photo.take': '拍照识别',
  'photo.reading': '正在识别照片…',
  'photo.nothing': '照片里没有读到码：靠近一点，让标签占满画面，对好焦再拍',
  'photo.several': '照片里有 {n} 个码，请选',
  'photo.book': '登记',
  'photo.all': '全部登记（{n} 个）',
  'photo.done': '已登记',
  'photo.broken': '读得不完整，请再拍一次',
  'photo.close': '关闭',
  'kind.parcel': '包裹',
  'kind.container': '周转筐',
  'kind.product': '商品',
  'kind.unknown': '其他码',
} as const

const en: Record<keyof typeof zh, string> = {
  'look.open': 'Scan by camera',
  'look.close': 'Close camera',
  'look.again': 'Try the camera again',
  'look.label': "Camera's picture",
  'look.starting': 'Opening the camera…',
  'look.hold': 'Hold a label into the picture; take the next one when you hear the tone',
  'look.insecure':
    'This address is not encrypted (https), so the browser gives no live camera. Take a photo and the box reads it; for the live camera use the https address, or open the page on the box itself.',
  'look.missing': 'This browser has no live camera. Take a photo and the box reads it.',
  'look.denied': 'The camera is not allowed. Allow it beside the address, or take a photo.',
  'look.none': 'No camera was found. Take a photo instead.',
  'look.busy': 'Another program uses the camera. Close it and try again, or take a photo.',
  'look.lost': 'The camera is gone. Plug it in and try again, or take a photo.',
  'look.old': 'This browser is too old to read codes in the page. Take a photo and the box reads it.',
  'photo.take': 'Read a photo',
  'photo.reading': 'Reading the photo…',
  'photo.nothing': 'No code was read: go closer, so that the label fills the picture, and focus',
  'photo.several': '{n} codes in the photo: choose',
  'photo.book': 'Book',
  'photo.all': 'Book all ({n})',
  'photo.done': 'booked',
  'photo.broken': 'Not read whole: take it again',
  'photo.close': 'Close',
  'kind.parcel': 'Parcel',
  'kind.container': 'Container',
  'kind.product': 'Product',
  'kind.unknown': 'Other code',
}

export const look = texts(zh, en)
