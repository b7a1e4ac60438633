import { createSSRApp } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { expect, it, vi } from 'vitest'

const language = vi.hoisted(() => ({ value: 'zh' }))
vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language,
    texts: (zh: Record<string, string>, en: Record<string, string>) => (key: string, values?: Record<string, string | number>) =>
      fill((language.value === 'zh' ? zh : en)[key] ?? '', values ?? {}),
  }
})

import type { Pickup } from '../cabinet/cabinet'
import PickedUp from '../cabinet/PickedUp.vue'

const cell = (name: string, word: string, detail = '') => ({ cell: name, word, detail, isOpen: false })
const pickup: Pickup = {
  number: 1, isBusy: false, word: 'ask_matches', detail: '', waitS: 0, atCounter: 0, askStaff: 2,
  opened: [cell('1-01', 'released'), cell('1-02', 'refused', 'too_warm'), cell('1-03', 'refused', 'of a later release')],
} // prettier-ignore
const shown = (): Promise<string> => renderToString(createSSRApp(PickedUp, { pickup, clearsIn: null, waitsFor: null }))

it('a resident reads how many doors staff must open, and why each stays shut', async () => {
  language.value = 'zh'
  const zh = await shown()
  for (const words of ['2 格要店员来开：请找店员', '这件商品需要店员先和您说明', '这一格要店员来开：请找店员']) expect(zh).toContain(words)
  language.value = 'en'
  const en = await shown()
  for (const words of ['2 doors only staff may open: ask them', 'Staff have to speak with you about it first']) expect(en).toContain(words)
})
