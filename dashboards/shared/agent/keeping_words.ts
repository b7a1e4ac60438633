/** Words of what the device does for the page. */

import { texts } from '../i18n/text'

const zh = {
  newer: '有新版本，手上的事做完再更新',
  'newer.take': '更新本页',
  'why.insecure': '这个网址不是加密连接（https）：盒子重启时本页不能刷新，屏幕会自己熄灭。请用 https 网址，或在盒子本机打开。',
  'why.old': '这个浏览器不能离线打开本页：盒子重启时请不要刷新。',
  'why.refused': '本页没有存到这台设备上：盒子重启时请不要刷新。',
} as const

const en: Record<keyof typeof zh, string> = {
  newer: 'A newer page is ready: finish what you are at, then take it',
  'newer.take': 'Take it now',
  'why.insecure':
    'This address is not encrypted (https): the page cannot be reloaded while the box restarts, and the screen goes dark by itself. Use the https address, or open the page on the box itself.',
  'why.old': 'This browser cannot open the page without the box: do not reload while it restarts.',
  'why.refused': 'The page was not kept on this device: do not reload while the box restarts.',
}

export const keepingWord = texts(zh, en)
