/** Follows the agent: its live events, scans typed by wedge scanners in their order, and whatever staff do. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { Refused, request } from '../api/http'
import { type ClockLine, clockLine, domainNowMs } from '../clock'
import { isObject, type Json } from '../live/protocol'
import { useTicking } from '../ticking'
import { madeScan, readLive, readScan, readScans, readStatus, type Scan, scanKey, type Status, withRecalled, withScan } from './agent'
import type { Alarm } from './cold'
import { refusal } from './said'
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
  /** Goes up soon after anything was booked here, by whomever: time to look anew. */
  readonly changes: Ref<number>
  /** Goes up with each new line to the agent: it may have been started anew. */
  readonly connections: Ref<number>
  readonly book: (text: string, symbology?: string) => void
  /** Posts to the agent; null where it was refused, and `trouble` says why. */
  readonly post: (path: string, body: object, patienceMs?: number) => Promise<Json | null>
  /** The same for an act, whose result is listed and told. */
  readonly act: (path: string, body: object) => Promise<Scan | null>
  readonly undo: (scan: Scan) => Promise<void>
  readonly setMode: (mode: string) => Promise<void>
}

export interface Hooks {
  /** A scan typed here that is no scan: a badge, a PIN. */
  readonly divert: (text: string) => boolean
  /** Told of each result once, and again when it is undone. */
  readonly told: (scan: Scan) => void
  /** Of each change in an alarm's life. */
  readonly alarmed: (alarm: Alarm) => void
  /** Somebody has to log in first; `again` repeats what was refused. */
  readonly nobody: (again: () => void) => void
}

const SILENT_MS = 5_000 // the agent speaks every 2 s
const SHOWN = 20
const LOOK_AFTER_MS = 250 // ten scans a second are looked at four times

export function useStation(hooks: Hooks): Station {
  const status = shallowRef<Status | null>(null)
  const scans = shallowRef<readonly Scan[]>([])
  const clock = shallowRef<ClockLine | null>(null)
  const heardAtMs = ref<number | null>(null)
  const hasFocus = ref(document.hasFocus())
  const waiting = ref(0)
  const trouble = ref('')
  const changes = ref(0)
  const connections = ref(0)
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

  /** Lists a result and tells of it, once, though it comes as an answer and as an event. */
  function show(scan: Scan): void {
    const before = scans.value.find((each) => scanKey(each) === scanKey(scan))
    scans.value = withScan(scans.value, scan)
    if (before?.isUndone === scan.isUndone) return
    changed()
    hooks.told(scan)
  }

  let looking = 0
  function changed(): void {
    if (looking !== 0) return
    looking = window.setTimeout(() => {
      looking = 0
      changes.value += 1
    }, LOOK_AFTER_MS)
  }

  let events: EventSource | null = null
  let again = 0
  function listen(): void {
    events = new EventSource('/api/live')
    events.onmessage = (event: MessageEvent<unknown>) => {
      const message = readLive(event.data)
      if (message?.type === 'status') showStatus(message.status)
      if (message?.type === 'scan') show(message.scan)
      if (message?.type === 'alarm') hooks.alarmed(message.alarm)
    }
    events.onopen = () => {
      connections.value += 1
      void recall()
    }
    events.onerror = () => {
      // A browser gives up for good on some errors (a proxy's 502): then begin anew.
      if (events?.readyState === EventSource.CLOSED) again = window.setTimeout(listen, 2000)
    }
  }

  /** What was scanned while this page was away. What comes meanwhile is newer than the answer. */
  async function recall(): Promise<void> {
    const before = scans.value
    try {
      const recalled = readScans(await request('GET', `/api/scans?limit=${SHOWN}`))
      scans.value = withRecalled(recalled, before, scans.value)
    } catch {
      // the live events go on; the list fills as scans come
    }
  }

  // One after another: the agent books in the order of scanning, and the answer to each is shown.
  let queue: Promise<void> = Promise.resolve()
  function book(text: string, symbology = ''): void {
    if (hooks.divert(text)) return
    waiting.value += 1
    queue = queue.then(async () => {
      try {
        showOf(await request('POST', '/api/scan', { text, symbology }), 'scan')
      } catch (error) {
        if (error instanceof Refused && error.status === 401) hooks.nobody(() => { book(text, symbology) })
        else show(notBooked(text, error))
      } finally {
        waiting.value -= 1
      }
    })
  }

  function notBooked(text: string, error: unknown): Scan {
    const detail = error instanceof Refused ? 'not_kept' : ''
    const atMs = nowMs.value ?? Date.now() // a page that opened without its agent knows no better
    return madeScan({ at_ms: atMs, text, device: 'wedge', kind: 'failed', sound: 'error', detail })
  }

  function showOf(answer: unknown, name: 'scan' | 'act'): Scan | null {
    const scan = isObject(answer) ? readScan(answer[name]) : null
    if (scan) show(scan)
    return scan
  }

  async function post(path: string, body: object, patienceMs?: number): Promise<Json | null> {
    trouble.value = ''
    try {
      const answer = await request('POST', path, body, patienceMs)
      return isObject(answer) ? answer : {}
    } catch (error) {
      trouble.value = refusal(error)
      if (error instanceof Refused && error.status === 401) throw error
      return null
    }
  }

  /** What needs a name and has none is done once somebody has logged in. */
  async function named<T>(work: () => Promise<T | null>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      trouble.value = ''
      return new Promise((resolve) => {
        hooks.nobody(() => {
          void named(work).then(resolve)
        })
      })
    }
  }

  const act = (path: string, body: object): Promise<Scan | null> => named(async () => showOf(await post(path, body), 'act'))

  async function undo(scan: Scan): Promise<void> {
    await named(async () => showOf(await post('/api/undo', { id: scan.id }), 'scan'))
  }

  async function setMode(mode: string): Promise<void> {
    const next = readStatus(await named(() => post('/api/mode', { mode })))
    if (next) showStatus(next)
    changed()
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
    window.clearTimeout(looking)
    window.removeEventListener('keydown', onKey, true)
    window.removeEventListener('focus', onFocus)
    window.removeEventListener('blur', onFocus)
  })

  return {
    status, scans, last, clock, nowMs, agent, hasFocus, waiting, trouble, changes, connections,
    book, act, undo, setMode, post: (path, body, patienceMs) => named(() => post(path, body, patienceMs)),
  }
}
