import { type EffectScope, effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({ language: { value: 'zh' }, texts: () => (key: string) => key }))

import { useRun } from '../driver/run'
import { useGroup } from '../leaders/group'

class Page extends EventTarget {
  readonly setInterval = (): number => 0
  readonly clearInterval = (): void => undefined
  readonly setTimeout = (): number => 0
  readonly clearTimeout = (): void => undefined
}

let page: Page
let scope: EffectScope
const asked = vi.fn()

beforeEach(() => {
  page = new Page()
  scope = effectScope()
  asked.mockReset()
  vi.stubGlobal('window', page)
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  vi.stubGlobal('localStorage', { length: 0, getItem: () => null, setItem: () => undefined, removeItem: () => undefined, key: () => null })
  vi.stubGlobal('fetch', asked)
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
const shown = (persisted: boolean): Event => Object.assign(new Event('pageshow'), { persisted })

it.each<[string, () => unknown, number, string]>([
  ['leader', () => useGroup('link'), 503, ''],
  ['driver', () => useRun('7.link'), 200, '{"clock": {"now_ms": 0, "rate": 1, "simulated": false}, "stops": []}'],
])('the %s’s page asks once when it is opened, and again when it comes back out of the cache', async (_, use, status, body) => {
  asked.mockImplementation(() => Promise.resolve(new Response(body, { status })))
  scope.run(use)
  page.dispatchEvent(shown(false))
  await settle()
  expect(asked).toHaveBeenCalledTimes(1)
  page.dispatchEvent(shown(true))
  await settle()
  expect(asked).toHaveBeenCalledTimes(2)
})
