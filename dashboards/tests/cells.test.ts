import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'

import { type Cell, makeCells, troublesOf } from '../pickup/cells'

const cell = (more: Partial<Cell>): Cell => ({
  cell: '1-01', zone: 'ambient', size: 'M', state: 'free', cause: '', parcel: '', overdue: false, door: 'closed', article: 'unknown', lock: true,
  ...more,
})

describe('what is wrong at a cell', () => {
  it('is nothing where its signals agree, or are not known', () => {
    expect(troublesOf(cell({}))).toEqual([])
    expect(troublesOf(cell({ state: 'occupied', article: 'present', parcel: 'P' }))).toEqual([])
    expect(troublesOf(cell({ state: 'occupied', door: 'unknown', article: 'unknown' }))).toEqual([])
    expect(troublesOf(cell({ state: 'blocked', cause: 'staff' }))).toEqual([]) // somebody wanted it so
  })

  it('has a word of its own for each failure', () => {
    expect(troublesOf(cell({ state: 'fault', cause: 'open_failed' }))).toEqual(['open_failed'])
    expect(troublesOf(cell({ state: 'open', cause: 'door_left_open', door: 'open' }))).toEqual(['door_left_open'])
    expect(troublesOf(cell({ state: 'blocked', cause: 'cell_mismatch' }))).toEqual(['cell_mismatch'])
    expect(troublesOf(cell({ state: 'occupied', overdue: true }))).toEqual(['not_fetched'])
    expect(troublesOf(cell({ lock: false }))).toEqual(['no_lock'])
  })

  it('is seen where door or sensor contradict the books', () => {
    expect(troublesOf(cell({ state: 'occupied', article: 'absent' }))).toEqual(['empty'])
    expect(troublesOf(cell({ article: 'present' }))).toEqual(['filled'])
    expect(troublesOf(cell({ state: 'occupied', door: 'open', article: 'present' }))).toEqual(['ajar'])
  })
})

describe('what is asked of the agent', () => {
  const answer = (status: number, body: object): Response => new Response(JSON.stringify(body), { status })
  const said = async (): Promise<void> => new Promise((done) => setTimeout(done, 0))

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('is one question at a time, and one more for all that changed meanwhile', async () => {
    const answers: ((response: Response) => void)[] = []
    vi.stubGlobal('window', { setInterval: () => 0, clearInterval: () => undefined })
    vi.stubGlobal('fetch', async () => new Promise<Response>((resolve) => answers.push(resolve)))
    const changes = ref(0)
    const scope = effectScope()
    scope.run(() => makeCells({ act: async () => Promise.resolve(null), agent: ref('here') as never, changes }))
    for (let change = 1; change <= 5; change += 1) {
      changes.value = change
      await nextTick()
    }
    expect(answers.length).toBe(1)
    answers[0]?.(answer(200, { cells: [] }))
    await said()
    expect(answers.length).toBe(2)
    answers[1]?.(answer(200, { cells: [] }))
    await said()
    expect(answers.length).toBe(2)
    scope.stop()
  })

  it('is the books alone where nobody is logged in', async () => {
    const asked: string[] = []
    vi.stubGlobal('window', { setInterval: () => 0, clearInterval: () => undefined })
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path)
      const no = { error: { field: 'actor', message: 'nobody is logged in', remedy: 'log in', code: 'no_log_in', params: {} } }
      return Promise.resolve(path.endsWith('true') ? answer(401, no) : answer(200, { cells: [cell({})] }))
    })
    const scope = effectScope()
    const cells = scope.run(() => makeCells({ act: async () => Promise.resolve(null), agent: ref('here') as never, changes: ref(0) }))
    if (cells === undefined) throw new Error('no cells')
    cells.isWatched.value = true
    await nextTick()
    await said()
    await said()
    expect(asked).toEqual(['/api/cells?look=true', '/api/cells?look=false'])
    expect(cells.cells.value.length).toBe(1)
    scope.stop()
  })
})
