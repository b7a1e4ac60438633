import { createSSRApp, ref, shallowRef } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { afterEach, describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', () => ({ language: { value: 'zh' }, texts: () => (key: string) => key }))
const desk = vi.hoisted(() => ({ make: vi.fn(), ask: vi.fn() }))
vi.mock('../shared/agent/desk', () => ({ makeDesk: desk.make, ask: desk.ask }))
vi.mock('../pickup/cells', () => ({ makeCells: () => ({}) })) // its doors are not the matter here

import { madeScan, type Scan } from '../shared/agent/agent'
import { type Counter, makeCounter } from '../pickup/counter'

/** A counter at which nobody is logged in, though there are staff: the agent tells nobody whose question it is. */
async function opened(): Promise<{ counter: Counter; told: (scan: Scan) => unknown; nobody: ReturnType<typeof vi.fn> }> {
  const nobody = vi.fn()
  let told: (scan: Scan) => unknown = () => null
  let look: () => Promise<unknown> = () => Promise.resolve()
  const made: Counter[] = []
  desk.ask.mockImplementation((path: string) => Promise.resolve(path === 'day' ? { has_staff: true, aside: [] } : null))
  desk.make.mockImplementation((settings: { told: typeof told; look: typeof look }) => {
    ;({ told, look } = settings)
    return { nobody, worker: shallowRef(null), changes: ref(0), status: shallowRef(null) }
  })
  await renderToString(createSSRApp({
    setup() {
      made.push(makeCounter())
      return () => ''
    },
  })) // prettier-ignore
  await look()
  const [counter] = made
  if (!counter) throw new Error('it was not set up')
  return { counter, told, nobody }
}

describe('a question where nobody is logged in', () => {
  afterEach(() => {
    vi.clearAllMocks()
  })

  it('that was asked elsewhere opens no log-in', async () => {
    const { told, nobody } = await opened()
    told(madeScan({ kind: 'asked', question: 'q-1', device: 'gun-1' }))
    await vi.waitFor(() => { expect(desk.ask).toHaveBeenCalledWith('questions/q-1') })
    await Promise.resolve()
    expect(nobody).not.toHaveBeenCalled()
  })

  it('that somebody taps asks who they are, and goes on afterwards', async () => {
    const { counter, nobody } = await opened()
    await counter.showQuestion('q-1')
    expect(nobody).toHaveBeenCalledOnce()
    const [again] = nobody.mock.calls[0] as [() => void]
    again()
    expect(desk.ask.mock.calls.filter(([path]) => path === 'questions/q-1')).toHaveLength(2)
  })
})
