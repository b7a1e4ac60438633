/** What the page itself sees of the cloud, as a dispatcher does: sites, vans, what the followed station's room says and when it came. */

import { onScopeDispose, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { NOTHING_SEEN, readRoom, type Seen } from '../dispatch/rooms'
import type { Site } from '../shared/api/cloud'
import { Refused, request } from '../shared/api/http'
import { BROWSER, LiveClient, type Polled, wakeWithPage } from '../shared/live/client'
import type { Room } from '../shared/live/rooms'
import { type Town, town } from './api'

/** One thing's news on the socket. `version`: the room's, which is the database's real time in µs (ARCHITECTURE, decision 19). */
export interface News {
  readonly key: string
  readonly version: number
  /** By the browser's wall clock, ms since 1970. */
  readonly cameMs: number
}

export interface Eyes {
  readonly sites: ShallowRef<readonly Site[]>
  readonly vans: ShallowRef<Seen>
  /** The newest first. */
  readonly news: ShallowRef<readonly News[]>
  readonly ask: (path: string) => Promise<unknown>
  /** The address of the page of who leads the group that fetches at a station; '' where nobody does. */
  readonly leaderOf: (operator: string, station: string) => Promise<string>
}

const EVERY_MS = 10_000
const AGAIN_MS = 1000
const MOST_NEWS = 200

/** `at`: the station whose room is followed. */
export function useEyes(seen: ShallowRef<Town | null>, at: Ref<string>): Eyes {
  const sites = shallowRef<readonly Site[]>([])
  const vans = shallowRef<Seen>(NOTHING_SEEN)
  const news = shallowRef<readonly News[]>([])
  let token = ''
  let client: LiveClient | null = null
  let letGo: (() => void) | null = null
  let followed = ''
  let timer = 0
  let isOver = false

  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    try {
      return await callOnce(method, path, body)
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error
      return callOnce(method, path, body)
    }
  }

  async function callOnce(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const mine = (token ||= await town.watch())
    try {
      return await request(method, path, body, undefined, { authorization: `Bearer ${mine}` })
    } catch (error) {
      if (error instanceof Refused && error.status === 401 && token === mine) {
        token = '' // the data were begun anew: the socket's token and places in its rooms are of the old ones
        leave()
      }
      throw error
    }
  }

  const ask = (path: string): Promise<unknown> => call('GET', path)

  async function leaderOf(operator: string, station: string): Promise<string> {
    const leaders = `/api/operators/${encodeURIComponent(operator)}/leaders`
    const found = (await ask(leaders)) as { leaders: { id: string; keeps: string | null }[] }
    const leader = found.leaders.find((one) => one.keeps === station)
    if (!leader) return ''
    const { url } = (await call('POST', `${leaders}/${encodeURIComponent(leader.id)}/link`, {})) as { url: string }
    return new URL(url).pathname
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    let isWell = true
    try {
      sites.value = ((await ask('/api/sites')) as { sites: readonly Site[] }).sites
      if (client === null && seen.value !== null) follow(seen.value)
    } catch {
      isWell = false // the page's own line says when nobody answers
    }
    if (!isOver) timer = window.setTimeout(() => void look(), isWell ? EVERY_MS : AGAIN_MS)
  }

  function follow(stage: Town): void {
    const [station, van] = [`site:${at.value}`, `vans:${stage.stage.operator}`]
    followed = at.value
    let before: Room | undefined
    client = new LiveClient(
      {
        url: stage.live_url,
        token,
        rooms: [station, van],
        poll: async (): Promise<Polled> => ({ clock: (await town.look()).clock, frames: [] }),
        onChange: (state) => {
          const cameMs = wallMs()
          const now = state.rooms[van]
          if (now) vans.value = readRoom(now)
          const room = state.rooms[station]
          if (room && room !== before) {
            if (before !== undefined && before.cursor > 0) note(before, room, cameMs)
            before = room
          }
        },
        onRefusal: () => void look(),
      },
      BROWSER,
    )
    client.start({ clock: stage.clock, frames: [] })
    letGo = wakeWithPage(client)
  }

  function note(before: Room, room: Room, cameMs: number): void {
    const fresh: News[] = []
    for (const [key, entry] of room.entries) {
      const was = before.entries.get(key)
      // A snapshot brings again what was known.
      if (was === entry || (was?.at === entry.at && JSON.stringify(was.body) === JSON.stringify(entry.body))) continue
      fresh.push({ key, version: room.cursor, cameMs })
    }
    if (fresh.length > 0) news.value = [...fresh, ...news.value].slice(0, MOST_NEWS)
  }

  function leave(): void {
    letGo?.()
    client?.stop()
    client = null
  }

  watch([seen, at], () => {
    if (seen.value === null || at.value === followed) return
    leave()
    void look()
  })
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
    leave()
  })
  return { sites, vans, news, ask, leaderOf }
}

/** Finer than Date.now, unless the machine's clock was set since the page was opened. */
function wallMs(): number {
  const fine = performance.timeOrigin + performance.now()
  return Math.abs(fine - Date.now()) < 2 ? fine : Date.now()
}
