/** The station's fridges and freezers on its page: what each sensor says, its last day, and alarms that somebody has to see. */

import { onScopeDispose, type Ref, ref, shallowRef, type ShallowRef, watch } from 'vue'

import { request } from '../api/http'
import { type Band, openSpans, type Readings, type Span } from '../chart'
import type { Json } from '../live/protocol'
import type { Station } from './station'

export interface Box {
  readonly name: string
  readonly goods: 'chilled' | 'chilled_wide' | 'frozen'
  readonly door: string
  readonly limits: Band
}

export interface Sensor {
  readonly sensor: string
  readonly every_s: number
  readonly at_ms: number | null
  readonly value: number | null
  readonly fault: string
  readonly box: Box | null
}

export interface Alarm {
  readonly id: string
  readonly subject: string
  readonly rule: 'high' | 'low' | 'door_open' | 'silent' | 'stuck'
  readonly severity: 'warning' | 'critical'
  readonly since_ms: number
  readonly value: number | null
  readonly limit: number | null
  readonly explained: '' | 'door' | 'defrost'
  readonly detail: string
  readonly stands: boolean
  readonly acknowledged_ms: number | null
  readonly acknowledged_by: string
  readonly acknowledged_name: string
  readonly note: string
  readonly cleared_ms: number | null
  readonly closed_ms: number | null
}

export interface Day {
  readonly readings: Readings
  readonly doors: readonly Span[]
  readonly fromMs: number
  readonly toMs: number
}

export interface Cold {
  readonly sensors: ShallowRef<readonly Sensor[]>
  /** The station's time when the sensors were asked last: a page that asks seldom must not call them silent. */
  readonly askedMs: Ref<number>
  /** That somebody still has to see or to close, newest first. */
  readonly alarms: ShallowRef<readonly Alarm[]>
  /** Who acknowledges, where the station's list names no staff. */
  readonly actor: Ref<string>
  readonly heard: (alarm: Alarm) => void
  readonly acknowledge: (alarm: Alarm, note: string) => Promise<void>
  readonly close: (alarm: Alarm) => Promise<void>
  readonly readDay: (sensor: Sensor) => Promise<Day | null>
}

const LOOK_EVERY_MS = 10_000
const SILENT_INTERVALS = 3 // as the rules have it

export function makeCold(station: Pick<Station, 'agent' | 'nowMs' | 'post'>): Cold {
  const sensors = shallowRef<readonly Sensor[]>([])
  const alarms = shallowRef<readonly Alarm[]>([])
  const actor = ref('')
  const askedMs = ref(0)

  async function look(): Promise<void> {
    try {
      const [seen, open] = await Promise.all([request('GET', '/api/sensors'), request('GET', '/api/alarms')])
      askedMs.value = station.nowMs.value ?? 0
      sensors.value = (seen as { sensors: readonly Sensor[] }).sensors
      alarms.value = (open as { alarms: readonly Alarm[] }).alarms.filter(needsRoom)
    } catch {
      // what was shown goes on with its own time beside it
    }
  }

  function heard(alarm: Alarm): void {
    const others = alarms.value.filter((one) => one.id !== alarm.id)
    alarms.value = needsRoom(alarm) ? [alarm, ...others] : others
  }

  async function change(alarm: Alarm, how: 'acknowledge' | 'close', note: string): Promise<void> {
    const path = alarm.id.split('/').map(encodeURIComponent).join('/')
    const answer = await station.post(`/api/alarms/${path}/${how}`, { actor: actor.value.trim(), note })
    const changed: Json | null = answer
    if (changed) heard(changed['alarm'] as Alarm)
  }

  async function readDay(sensor: Sensor): Promise<Day | null> {
    try {
      const [own, door] = await Promise.all([
        readReadings(sensor.sensor),
        sensor.box && sensor.box.door !== '' ? readReadings(sensor.box.door) : null,
      ])
      return { ...own, doors: door ? openSpans(door.readings, door.toMs) : [] }
    } catch {
      return null
    }
  }

  watch(station.agent, (agent) => {
    if (agent === 'here') void look()
  })
  const timer = window.setInterval(() => void look(), LOOK_EVERY_MS)
  onScopeDispose(() => {
    window.clearInterval(timer)
  })
  return {
    sensors, askedMs, alarms, actor, heard, readDay,
    acknowledge: (alarm, note) => change(alarm, 'acknowledge', note),
    close: (alarm) => change(alarm, 'close', ''),
  }
}

async function readReadings(sensor: string): Promise<{ readings: Readings; fromMs: number; toMs: number }> {
  const said = (await request('GET', `/api/readings?sensor=${encodeURIComponent(sensor)}`)) as {
    from_ms: number
    to_ms: number
    at_ms: number[]
    value: (number | null)[]
  }
  return { readings: { atMs: said.at_ms, value: said.value }, fromMs: said.from_ms, toMs: said.to_ms }
}

/** What was dealt with lies in the books and not on the counter. */
function needsRoom(alarm: Alarm): boolean {
  return alarm.closed_ms === null
}

/** It stands, and nobody has seen it. */
export function needsSomebody(alarm: Alarm): boolean {
  return alarm.stands && alarm.acknowledged_ms === null
}

export function isSilent(sensor: Sensor, askedMs: number): boolean {
  return sensor.at_ms === null || sensor.value === null || askedMs - sensor.at_ms > SILENT_INTERVALS * sensor.every_s * 1000
}

export const isDoor = (sensor: string): boolean => sensor.endsWith('_open')
export const isThermometer = (sensor: string): boolean => sensor.endsWith('_c')

/** A device's own name: of fridge-1_c, fridge-1. */
export function deviceOf(sensor: string): string {
  return sensor.replace(/(_c|_open|\.[a-z]+_pct)$/, '')
}
