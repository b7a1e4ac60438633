import { effectScope } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({ language: { value: 'zh' }, texts: () => (key: string) => key }))

import { useStation } from '../shared/agent/station'

afterEach(() => {
  vi.unstubAllGlobals()
})

it('what scans mean is chosen after the log-in by whoever tapped it before', async () => {
  vi.stubGlobal('document', { hasFocus: () => true })
  vi.stubGlobal('window', { addEventListener: vi.fn(), removeEventListener: vi.fn(), setInterval: () => 0, clearInterval: vi.fn(), setTimeout: () => 0, clearTimeout: vi.fn() })
  vi.stubGlobal('EventSource', class { close = vi.fn() })
  let isLoggedIn = false
  const no = { error: { field: 'actor', message: 'nobody is logged in', remedy: 'log in', code: 'no_log_in', params: {} } }
  vi.stubGlobal('fetch', (_path: string, { body }: { body: string }) => {
    const { mode } = JSON.parse(body) as { mode: string }
    return Promise.resolve(isLoggedIn ? Response.json({ mode }) : Response.json(no, { status: 401 }))
  })
  const scope = effectScope()
  await scope.run(async () => {
    const nobody = vi.fn<(again: () => void) => void>()
    const station = useStation({ divert: () => false, told: vi.fn(), alarmed: vi.fn(), nobody })
    const chosen = station.setMode('release')
    await vi.waitFor(() => { expect(nobody).toHaveBeenCalledOnce() })
    expect(station.trouble.value).toBe('')
    isLoggedIn = true
    nobody.mock.calls[0]?.[0]()
    await chosen
    expect(station.status.value?.mode).toBe('release')
  })
  scope.stop()
})
