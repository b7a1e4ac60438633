/** What the ops page makes of alarms. Pure; leaves asking to watching.ts and words to alarm_words.ts. */

import type { Alarm } from '../shared/api/cloud'
import type { Room } from '../shared/live/rooms'
import type { Tone } from '../shared/tone'

/** Changes whenever a room says anything new of an alarm: then the list is asked for again, which also knows of those before. */
export function bell(rooms: Readonly<Record<string, Room>>): string {
  const said: string[] = []
  for (const [name, room] of Object.entries(rooms)) {
    for (const [key, { at }] of room.entries) if (key.startsWith('alarm/')) said.push(`${name} ${key} ${at}`)
  }
  return said.sort().join('\n')
}

/** fridge-1_c and fridge-1_open are what staff call fridge-1. */
export function deviceOf(subject: string): string {
  return subject.replace(/_(?:c|open)$/, '')
}

export function toneOf(alarm: Pick<Alarm, 'severity' | 'stands'>): Tone {
  if (!alarm.stands) return 'wait'
  return alarm.severity === 'critical' ? 'stop' : alarm.severity === 'warning' ? 'warn' : 'move'
}

/** Only a thermometer or the door before one has goods behind it. */
export function touchesGoods(alarm: Pick<Alarm, 'rule'>): boolean {
  return alarm.rule === 'high' || alarm.rule === 'low' || alarm.rule === 'door_open'
}

/** Raised by the cloud itself: no site has to hear that somebody acknowledged it. */
export function isOfCloud(alarm: Pick<Alarm, 'rule'>): boolean {
  return alarm.rule === 'site_silent' || alarm.rule === 'van_silent' || alarm.rule === 'off_route'
}
