/** What a page knows of its rooms: a map from key to newest state, and the cursor to resume from. Pure. */

import type { Entries, Entry } from './protocol'

export interface Room {
  readonly cursor: number
  readonly entries: ReadonlyMap<string, Entry>
}

export const EMPTY_ROOM: Room = { cursor: 0, entries: new Map() }

/**
 * Fold one frame into a room. A snapshot replaces everything, also with a lower cursor (the cloud was restored from a backup);
 * a frame that is not newer than the cursor is passed over, so a repeat or a straggler never turns the page back.
 */
export function fold(room: Room, frame: Entries): Room {
  if (frame.snapshot) return { cursor: frame.cursor, entries: merge(new Map(), frame.entries) }
  if (frame.cursor <= room.cursor) return room
  return { cursor: frame.cursor, entries: merge(new Map(room.entries), frame.entries) }
}

function merge(into: Map<string, Entry>, entries: readonly Entry[]): Map<string, Entry> {
  for (const entry of entries) {
    if (entry.body === null) into.delete(entry.key)
    else into.set(entry.key, entry)
  }
  return into
}
