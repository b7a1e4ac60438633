/** Follows the agent: its live events, scans typed by wedge scanners in their order, undo and mode. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { Refused, request } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import { useTicking } from '../shared/ticking'
import { type Mode, readLive, readScan, readScans, readStatus, type Scan, type Status, withScan } from './agent'
import { EMPTY_WEDGE, press } from './wedge'

export interface Station {
  readonly status: ShallowRef<Status | null>
  readonly scans: ShallowRef<readonly Scan[]>
  readonly last: ComputedRef<Scan | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  /** connecting: not heard yet; gone: it has been silent for too long. */
  readonly agent: ComputedRef<'connecting' | 'here' | 'gone'>
  readonly hasFocus: Ref<boolean>
  /** Scans typed here that the agent has not answered yet. */
  readonly waiting: Ref<number>
  readonly trouble: Ref<string>
  readonly book: (text: string) => void
  readonly undo: (scan: Scan) => void
  readonly setMode: (mode: Mode) => void
}

const SILENT_MS = 5_000 // the agent speaks every 2 s
const SHOWN = 20

export function useStation(): Station {
  const status = shallowRef<Status | null>(null)
  const scans = shallowRef<readonly Scan[]>([])
  const clock = shallowRef<ClockLine | null>(null)
  const heardAtMs = ref<number | null>(null)
  const hasFocus = ref(document.hasFocus())
  const waiting = ref(0)
  const trouble = ref('')
  const startedMs = performance.now()
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))
  const last = computed(() => scans.value[0] ?? status.value?.lastScan ?? null)
  const agent = computed(() => {
    const silentMs = ticking.value - (heardAtMs.value ?? startedMs)
    if (silentMs > SILENT_MS) return 'gone'
    return heardAtMs.value === null ? 'connecting' : 'here'
  })

  function showStatus(next: Status): void {
    status.value = next
    heardAtMs.value = performance.now()
    if (next.clock) clock.value = clockLine(next.clock, performance.now())
  }

  let events: EventSource | null = null
  let again = 0
  function listen(): void {
    events = new EventSource('/api/live')
    events.onmessage = (event: MessageEvent<unknown>) => {
      const message = readLive(event.data)
      if (message?.type === 'status') showStatus(message.status)
      if (message?.type === 'scan') scans.value = withScan(scans.value, message.scan)
    }
    events.onopen = () => void recall()
    events.onerror = () => {
      // A browser gives up for good on some errors (a proxy's 502): then begin anew.
      if (events?.readyState === EventSource.CLOSED) again = window.setTimeout(listen, 2000)
    }
  }

  /** What was scanned while this page was away. */
  async function recall(): Promise<void> {
    try {
      scans.value = readScans(await request('GET', `/api/scans?limit=${SHOWN}`))
    } catch {
      // the live events go on; the list fills as scans come
    }
  }

  // One after another: the agent books in the order of scanning, and the answer to each is shown.
  let queue: Promise<void> = Promise.resolve()
  function book(text: string): void {
    waiting.value += 1
    queue = queue.then(async () => {
      try {
        const scan = await post('/api/scan', { text })
        if (scan) scans.value = withScan(scans.value, scan)
      } catch (error) {
        scans.value = withScan(scans.value, notBooked(text, error))
      } finally {
        waiting.value -= 1
      }
    })
  }

  function notBooked(text: string, error: unknown): Scan {
    const detail = error instanceof Refused ? error.message : ''
    const atMs = nowMs.value ?? 0
    return { id: '', atMs, text, parcel: '', slot: '', device: 'wedge', kind: 'failed', detail, isUndone: false, canUndo: false }
  }

  async function post(path: string, body: unknown): Promise<Scan | null> {
    const answer = await request('POST', path, body)
    return typeof answer === 'object' && answer !== null && 'scan' in answer ? readScan(answer.scan) : null
  }

  async function undo(scan: Scan): Promise<void> {
    trouble.value = ''
    try {
      const undone = await post('/api/undo', { id: scan.id })
      if (undone) scans.value = withScan(scans.value, undone)
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error)
    }
  }

  async function setMode(mode: Mode): Promise<void> {
    trouble.value = ''
    try {
      const next = readStatus(await request('POST', '/api/mode', { mode }))
      if (next) showStatus(next)
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error)
    }
  }

  let wedge = EMPTY_WEDGE
  function onKey(event: KeyboardEvent): void {
    if (event.metaKey || event.altKey) return
    const { code, key, shiftKey: shift, ctrlKey: ctrl, timeStamp: atMs } = event
    const taken = press(wedge, { code, key, shift, ctrl, atMs })
    wedge = taken.wedge
    if (!taken.isTyping) return
    event.preventDefault() // not into a field, not on a button
    event.stopPropagation()
    if (taken.scan === '') return
    const field = document.activeElement
    if (field instanceof HTMLInputElement) field.value = '' // the first key was taken for a person's
    book(taken.scan)
  }
  function onFocus(): void {
    hasFocus.value = document.hasFocus()
  }

  listen()
  window.addEventListener('keydown', onKey, true)
  window.addEventListener('focus', onFocus)
  window.addEventListener('blur', onFocus)
  onScopeDispose(() => {
    events?.close()
    window.clearTimeout(again)
    window.removeEventListener('keydown', onKey, true)
    window.removeEventListener('focus', onFocus)
    window.removeEventListener('blur', onFocus)
  })

  return {
    status, scans, last, clock, nowMs, agent, hasFocus, waiting, trouble,
    book, undo: (scan) => void undo(scan), setMode: (mode) => void setMode(mode),
  }
}
