import { createSSRApp, ref, shallowRef } from 'vue'
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

import { whyText } from '../town/act_words'
import { useActing } from '../town/acting'
import ActDesk from '../town/ActDesk.vue'
import { town, type Town, type VanSeen } from '../town/api'

const van = (id: string, isBroken: boolean): VanSeen => ({ id, name: `${id} 号车`, is_under_way: true, is_broken: isBroken })
const seenWith = (...vans: VanSeen[]): Town => ({ clock: { rate: 1 }, stage: { stations: [{ id: 'st-1', name: '阳光', doors: [] }], vans } }) as unknown as Town

it('a van that was mended is named, though by then it is one of many', async () => {
  const seen = shallowRef<Town | null>(seenWith(van('1', false), van('2', true)))
  vi.spyOn(town, 'act').mockImplementation(() => {
    seen.value = seenWith(van('1', false), van('2', false))
    return Promise.resolve({ done: true, text: '', label: '', code: '', hops: null })
  })
  const { buttons, outcomes, press } = useActing(seen, ref('st-1'), ref(false), () => Promise.resolve())
  const button = buttons.value.find((one) => one.name === 'repair')
  if (button) await press(button)
  expect(outcomes.value.van?.did()).toBe('2 号车 修好了，接着走')
})

it('what was done, and why something was not, is told in the language that is chosen by then', async () => {
  const act = vi.spyOn(town, 'act').mockResolvedValue({ done: true, text: '', label: '', code: '', hops: null })
  const { buttons, outcomes, press } = useActing(shallowRef<Town | null>(seenWith()), ref('st-1'), ref(false), () => Promise.resolve())
  const [scan, plug] = buttons.value
  if (plug) await press(plug)
  act.mockResolvedValue({ done: false, text: '', label: '', code: 'nothing_left', hops: null })
  if (scan) await press(scan)
  const told = (): unknown[] => [outcomes.value.plug?.did(), outcomes.value.scan?.fault()]
  expect(told()).toEqual(['拔了 阳光 的扫码枪', '这里的包裹都已入库'])
  language.value = 'en'
  expect(told()).toEqual(['Unplugged the scanner of 阳光', 'all parcels are in here'])
  language.value = 'zh'
})

it('why something was not done is said in the page’s words, also by a code it does not know', () => {
  expect([whyText('nothing_left'), whyText('a code of a later release'), whyText('')]).toEqual(['这里的包裹都已入库', '现在做不了', '现在做不了'])
})

it('a scan points at the phone only at the station of the phone’s order, and goes on doing so once another is chosen', async () => {
  vi.spyOn(town, 'act').mockResolvedValue({ done: true, text: '', label: 'TTP1', code: '', hops: null })
  const at = ref('st-1')
  const { buttons, outcomes, press } = useActing(shallowRef<Town | null>(seenWith()), at, ref(false), () => Promise.resolve())
  const shown = (home: string): Promise<string> =>
    renderToString(createSSRApp(ActDesk, { buttons: buttons.value, outcomes: outcomes.value, busy: '', stations: [], at: at.value, home }))
  expect(await shown('st-1')).toContain('居民手机的状态')
  expect(await shown('st-2')).toContain('居民手机不动：它的订单在别的自提点')
  expect(await shown('st-2')).not.toContain('居民手机的状态')
  const [scan] = buttons.value
  if (scan) await press(scan)
  at.value = 'st-2'
  expect(await shown('st-1')).toContain('居民手机的状态')
  expect(await shown('st-2')).not.toContain('居民手机的状态')
})
