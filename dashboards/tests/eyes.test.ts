import { effectScope, ref, shallowRef } from 'vue'
import { expect, it, vi } from 'vitest'

import type { Town } from '../town/api'
import { useEyes } from '../town/eyes'

class Socket {
  static readonly tokens: string[] = []
  static open = 0
  onopen: (() => void) | null = null
  constructor() {
    Socket.open += 1
    queueMicrotask(() => this.onopen?.())
  }
  send(text: string): void {
    const frame = JSON.parse(text) as { type: string; token?: string }
    if (frame.type === 'hello') Socket.tokens.push(frame.token ?? '')
  }
  close(): void {
    Socket.open -= 1
  }
}

it('a town that was begun anew is looked at with a new token, by its socket too', async () => {
  let valid = 'first'
  let lookAgain = (): void => undefined
  vi.stubGlobal('WebSocket', Socket)
  vi.stubGlobal('document', new EventTarget())
  vi.stubGlobal('window', Object.assign(new EventTarget(), {
    setTimeout: (action: () => void, ms: number) => {
      if (ms === 10_000) lookAgain = action
      return 1
    },
    clearTimeout: () => undefined,
  }))
  vi.stubGlobal('fetch', (path: string, asked: { headers: Record<string, string> }) => {
    if (path === '/api/town/watch') return Promise.resolve(Response.json({ token: valid }))
    const isKnown = asked.headers['authorization'] === `Bearer ${valid}`
    return Promise.resolve(isKnown ? Response.json({ sites: [] }) : new Response('', { status: 401 }))
  })
  const clock = { now_ms: 0, rate: 1, simulated: true }
  const seen = shallowRef<Town | null>({ clock, stage: { operator: 'op' }, resident: '', live_url: 'ws://town/live' } as Town)
  const scope = effectScope()
  const at = ref('')
  const eyes = scope.run(() => useEyes(seen, at))
  at.value = 'st-1'
  await vi.waitFor(() => {
    expect(Socket.tokens).toEqual(['first'])
  })

  valid = 'second'
  expect(await eyes?.ask('/api/sites')).toEqual({ sites: [] })
  expect(Socket.open).toBe(0)
  lookAgain()
  await vi.waitFor(() => {
    expect(Socket.tokens).toEqual(['first', 'second'])
  })
  scope.stop()
  vi.unstubAllGlobals()
})
