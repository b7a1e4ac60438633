/** A stop dragged with mouse, pen or finger over the lists: which place it would come to. Leaves moving it to who asked. */

import type { Place } from './tours'

/** `over` null: outside of all lists, where nothing would happen. */
export interface Drag {
  readonly site: string
  readonly over: Place | null
}

interface Hearing {
  readonly over: (drag: Drag) => void
  /** Null: dropped outside, or thought better of. */
  readonly drop: (to: Place | null) => void
}

const SLACK_PX = 5 // less than this was a press, not a drag
const EDGE_PX = 60
const SCROLL_PX = 14

/** From a press on a grip until it is let go; returns what ends it early. Rows carry data-site, lists data-van. */
export function follow(site: string, press: PointerEvent, hearing: Hearing): () => void {
  if (press.button !== 0) return () => undefined
  press.preventDefault()
  let isDragging = false
  let over: Place | null = null

  function move(event: PointerEvent): void {
    if (!isDragging && Math.hypot(event.clientX - press.clientX, event.clientY - press.clientY) < SLACK_PX) return
    isDragging = true
    if (event.clientY < EDGE_PX) window.scrollBy(0, -SCROLL_PX)
    else if (event.clientY > window.innerHeight - EDGE_PX) window.scrollBy(0, SCROLL_PX)
    over = placeUnder(site, event.clientX, event.clientY)
    hearing.over({ site, over })
  }

  function end(to: Place | null): void {
    window.removeEventListener('pointermove', move)
    window.removeEventListener('pointerup', up)
    window.removeEventListener('pointercancel', cancel)
    window.removeEventListener('keydown', key)
    hearing.drop(to)
  }

  const up = (): void => {
    end(isDragging ? over : null)
  }
  const cancel = (): void => {
    end(null)
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') end(null)
  }
  window.addEventListener('pointermove', move)
  window.addEventListener('pointerup', up)
  window.addEventListener('pointercancel', cancel)
  window.addEventListener('keydown', key)
  return cancel
}

function placeUnder(site: string, x: number, y: number): Place | null {
  const list = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-van]')
  if (!list) return null
  const rows = [...list.querySelectorAll<HTMLElement>('[data-site]')].filter((row) => row.dataset['site'] !== site)
  return { van: list.dataset['van'] ?? '', at: placeAmong(rows.map((row) => row.getBoundingClientRect()), y) }
}

/** Behind every row whose middle lies above the pointer. Pure. */
export function placeAmong(rows: readonly { readonly top: number; readonly height: number }[], y: number): number {
  return rows.filter((row) => row.top + row.height / 2 < y).length
}
