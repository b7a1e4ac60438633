/** What waits to be sent, in words that are true with and without a line. A scan is a message of its own, so scans are counted; readings
 * go many at a time. Pure. */

import type { Status } from './agent'

export type QueueWord =
  | 'queue.none'
  | 'queue.count'
  | 'queue.readings'
  | 'queue.offline.none'
  | 'queue.offline.count'
  | 'queue.offline.readings'

export function queueOf({ isOnline, lanes }: Pick<Status, 'isOnline' | 'lanes'>): QueueWord {
  const unsent = (name: string): number => lanes.find((lane) => lane.name === name)?.unsent ?? 0
  if (unsent('event') > 0) return isOnline ? 'queue.count' : 'queue.offline.count'
  if (!isOnline) return unsent('live') + unsent('backfill') > 0 ? 'queue.offline.readings' : 'queue.offline.none'
  return unsent('backfill') > 0 ? 'queue.readings' : 'queue.none' // what is measured now is always on its way
}
