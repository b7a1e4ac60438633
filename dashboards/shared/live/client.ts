/**
 * The live socket as a page sees it: rooms that stay current, and an honest word on how current they are.
 * Says hello, subscribes with cursors, resumes after any gap; falls back to asking every 15 s where no socket can be had.
 * Leaves drawing to the page and the meaning of bodies to its readers.
 */

import { type ClockLine, clockLine, domainNowMs } from '../clock'
import { backoffMs } from './backoff'
import { type ClientFrame, type Entries, readFrame, type Refusal, type ServerClock } from './protocol'
import { EMPTY_ROOM, fold, type Room } from './rooms'

/**
 * connecting: first time; live: the socket confirms; stale: the socket is there, but the server itself cannot read anything new;
 * polling: asked by REST; reconnecting: neither at the moment; offline: nothing answers.
 */
export type Link = 'connecting' | 'live' | 'stale' | 'polling' | 'reconnecting' | 'offline'

export interface SocketLike {
  send: (text: string) => void
  close: () => void
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: (() => void) | null
  onerror: (() => void) | null
}

export interface Polled {
  readonly clock: ServerClock
  readonly frames: readonly Entries[]
}

export interface Surroundings {
  openSocket: (url: string) => SocketLike
  /** Runs `action` once, `ms` from now; returns what cancels it. */
  after: (ms: number, action: () => void) => () => void
  monotonicMs: () => number
  chance: () => number
}

export interface LiveOptions {
  readonly url: string
  readonly token: string
  readonly rooms: readonly string[]
  /** Asks REST for the same rooms; rejects where nothing answers. */
  readonly poll: () => Promise<Polled>
  readonly onChange: (state: LiveState) => void
  readonly onRefusal: (refusal: Refusal) => void
}

export interface LiveState {
  readonly link: Link
  readonly clock: ClockLine | null
  /** Domain time up to which the rooms are known to be current; null before the first answer. */
  readonly asOfMs: number | null
  readonly rooms: Readonly<Record<string, Room>>
}

export const POLL_MS = 15_000 // the longest a resident on a network that blocks sockets waits for news
const OPEN_MS = 8_000 // a phone network that has not opened a socket by then will not
const PING_MS = 10_000 // also how late a change of the town's speed is seen
const PONG_MS = 6_000 // silence longer than this is a dead network
const WAKE_PONG_MS = 2_500 // after coming back a person is looking: decide sooner
const POLL_AFTER_FAILURES = 2

export class LiveClient {
  private state: LiveState
  private socket: SocketLike | null = null
  private isWelcome = false
  private isStale = false
  private failures = 0
  private isStopped = true
  private cancelRetry: () => void = nothing
  private cancelWatch: () => void = nothing
  private cancelPing: () => void = nothing
  private cancelPoll: (() => void) | null = null

  constructor(
    private readonly options: LiveOptions,
    private readonly around: Surroundings,
  ) {
    const rooms: Record<string, Room> = {}
    for (const room of options.rooms) rooms[room] = EMPTY_ROOM
    this.state = { link: 'connecting', clock: null, asOfMs: null, rooms }
  }

  /** Begin with what REST has already said, and open the socket. */
  start(known: Polled | null): void {
    this.isStopped = false
    if (known) this.take(known)
    this.connect()
  }

  stop(): void {
    this.isStopped = true
    this.drop()
    this.cancelRetry()
    this.cancelPoll?.()
    this.cancelPoll = null
  }

  /** The person or the network came back (pageshow, visibilitychange, online): make sure now rather than at the next time-out. */
  wake(): void {
    if (this.isStopped) return
    if (this.socket) {
      if (this.isWelcome) this.ping(WAKE_PONG_MS) // one that is still opening has its own time-out
    } else {
      this.failures = 0
      this.connect()
    }
  }

  /** The browser says the network is gone. It may be wrong, so the socket is asked rather than dropped. */
  doubt(): void {
    if (!this.isStopped && this.socket && this.isWelcome) this.ping(WAKE_PONG_MS)
    else if (!this.isStopped) this.say({ link: 'offline' })
  }

  private connect(): void {
    this.cancelRetry()
    this.isWelcome = false
    let socket: SocketLike
    try {
      socket = this.around.openSocket(this.options.url)
    } catch {
      this.lost() // a browser without sockets, or a policy against this address
      return
    }
    this.socket = socket
    this.watch(OPEN_MS)
    socket.onopen = () => {
      this.send({ type: 'hello', token: this.options.token })
    }
    socket.onmessage = (event) => {
      if (this.socket === socket && typeof event.data === 'string') this.heard(event.data)
    }
    socket.onclose = () => {
      if (this.socket === socket) this.lost()
    }
    socket.onerror = () => {
      if (this.socket === socket) this.lost()
    }
  }

  private heard(text: string): void {
    const frame = readFrame(text)
    if (!frame) return
    this.cancelWatch()
    switch (frame.type) {
      case 'welcome':
        this.isWelcome = true
        this.setClock(frame.clock)
        this.send({
          type: 'subscribe',
          rooms: this.options.rooms.map((room) => ({ room, cursor: this.state.rooms[room]?.cursor ?? 0 })),
        })
        this.ping(PONG_MS) // its pong comes after what the subscription brings: from then on the page is current
        break
      case 'entries':
        this.fold([frame])
        if (this.state.link === 'live') this.confirm()
        break
      case 'pong':
        this.setClock(frame.clock)
        this.failures = 0
        this.stopPolling()
        this.confirm()
        break
      case 'error':
        this.options.onRefusal(frame)
        break
      case 'stale':
        this.isStale = true
        this.say({ link: 'stale' })
        break
      case 'fresh':
        this.isStale = false
        this.confirm()
        break
    }
  }

  private confirm(): void {
    if (this.isStale) return
    const { clock } = this.state
    this.say({ link: 'live', asOfMs: clock && domainNowMs(clock, this.around.monotonicMs()) })
  }

  private lost(): void {
    this.drop()
    if (this.isStopped) return
    this.failures += 1
    if (['live', 'stale', 'connecting'].includes(this.state.link)) this.say({ link: 'reconnecting' })
    if (this.failures >= POLL_AFTER_FAILURES && !this.cancelPoll) this.pollNow()
    this.cancelRetry = this.around.after(backoffMs(this.failures - 1, this.around.chance()), () => {
      this.connect()
    })
  }

  private drop(): void {
    const { socket } = this
    this.socket = null
    this.isWelcome = false
    this.isStale = false
    this.cancelWatch()
    this.cancelPing()
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    socket.close()
  }

  private ping(patienceMs: number): void {
    this.cancelPing()
    this.send({ type: 'ping' })
    this.watch(patienceMs)
    this.cancelPing = this.around.after(PING_MS, () => {
      this.ping(PONG_MS)
    })
  }

  private watch(patienceMs: number): void {
    this.cancelWatch()
    this.cancelWatch = this.around.after(patienceMs, () => {
      this.lost()
    })
  }

  private pollNow(): void {
    this.cancelPoll = nothing
    void this.options.poll().then(
      (polled) => {
        if (!this.cancelPoll) return // the socket came back meanwhile
        this.take(polled)
        this.say({ link: 'polling' })
        this.pollLater()
      },
      () => {
        if (!this.cancelPoll) return
        this.say({ link: 'offline' })
        this.pollLater()
      },
    )
  }

  private pollLater(): void {
    if (this.isStopped) return
    this.cancelPoll = this.around.after(POLL_MS, () => {
      this.pollNow()
    })
  }

  private stopPolling(): void {
    this.cancelPoll?.()
    this.cancelPoll = null
  }

  private take(polled: Polled): void {
    this.setClock(polled.clock)
    this.fold(polled.frames)
    this.say({ asOfMs: polled.clock.now_ms })
  }

  private fold(frames: readonly Entries[]): void {
    const rooms = { ...this.state.rooms }
    for (const frame of frames) {
      const room = rooms[frame.room]
      if (room) rooms[frame.room] = fold(room, frame)
    }
    this.say({ rooms })
  }

  private setClock(reading: ServerClock): void {
    this.say({ clock: clockLine(reading, this.around.monotonicMs()) })
  }

  private send(frame: ClientFrame): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private say(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change }
    this.options.onChange(this.state)
  }
}

function nothing(): void {
  // nothing to cancel
}

/** The browser itself. */
export const BROWSER: Surroundings = {
  openSocket: (url) => new WebSocket(url) as unknown as SocketLike,
  after: (ms, action) => {
    const timer = window.setTimeout(action, ms)
    return () => {
      window.clearTimeout(timer)
    }
  },
  monotonicMs: () => performance.now(),
  chance: () => Math.random(),
}

/** Wake the client whenever a browser or a phone comes back; returns what lets go. */
export function wakeWithPage(client: LiveClient): () => void {
  const wake = (): void => {
    client.wake()
  }
  const onPageShow = (event: PageTransitionEvent): void => {
    if (event.persisted) client.wake() // out of the back-forward cache, its socket long closed
  }
  const onVisibility = (): void => {
    if (document.visibilityState === 'visible') client.wake()
  }
  const onOffline = (): void => {
    client.doubt()
  }
  window.addEventListener('pageshow', onPageShow)
  window.addEventListener('online', wake)
  window.addEventListener('offline', onOffline)
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    window.removeEventListener('pageshow', onPageShow)
    window.removeEventListener('online', wake)
    window.removeEventListener('offline', onOffline)
    document.removeEventListener('visibilitychange', onVisibility)
  }
}
