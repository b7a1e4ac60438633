import { beforeEach, describe, expect, it } from 'vitest'

import { domainNowMs } from '../shared/clock'
import { LiveClient, type LiveState, type Polled, POLL_MS, type SocketLike, type Surroundings } from '../shared/live/client'
import { type Entries, isObject, type Refusal } from '../shared/live/protocol'

const CLOCK = { now_ms: 1_000_000, rate: 30, simulated: true }

class Socket implements SocketLike {
  readonly sent: Readonly<Record<string, unknown>>[] = []
  isClosed = false
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null

  send(text: string): void {
    const frame: unknown = JSON.parse(text)
    if (isObject(frame)) this.sent.push(frame)
  }

  close(): void {
    this.isClosed = true
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }

  types(): unknown[] {
    return this.sent.map((frame) => frame['type'])
  }
}

/** Time that passes only when told to, and the sockets that were opened. */
class World implements Surroundings {
  nowMs = 0
  sockets: Socket[] = []
  private timers: { atMs: number; action: () => void }[] = []

  openSocket = (): Socket => {
    const socket = new Socket()
    this.sockets.push(socket)
    return socket
  }
  monotonicMs = (): number => this.nowMs
  chance = (): number => 0
  after = (ms: number, action: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, action }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((each) => each !== timer)
    }
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      const next = this.timers.filter((each) => each.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.timers = this.timers.filter((each) => each !== next)
      this.nowMs = next.atMs
      next.action()
      await settled()
    }
    this.nowMs = endMs
    await settled()
  }

  get socket(): Socket {
    const last = this.sockets[this.sockets.length - 1]
    if (!last) throw new Error('no socket was opened')
    return last
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

const entries = (cursor: number, body: unknown, snapshot = false): Entries => ({
  type: 'entries',
  room: 'order:1',
  cursor,
  snapshot,
  entries: [{ key: 'order', at: '', body }],
})

let world: World
let client: LiveClient
let state: LiveState
let refusals: Refusal[]
let poll: () => Promise<Polled>

beforeEach(() => {
  world = new World()
  refusals = []
  poll = () => Promise.reject(new Error('nobody answers'))
  client = new LiveClient(
    {
      url: 'ws://here/live',
      token: 'secret',
      rooms: ['order:1'],
      poll: () => poll(),
      onChange: (next) => (state = next),
      onRefusal: (refusal) => refusals.push(refusal),
    },
    world,
  )
})

const body = (): unknown => state.rooms['order:1']?.entries.get('order')?.body

function admit(socket: Socket): void {
  socket.onopen?.()
  socket.say({ type: 'welcome', clock: CLOCK })
}

function goLive(): void {
  client.start(null)
  admit(world.socket)
  world.socket.say(entries(7, 'first', true))
  world.socket.say({ type: 'pong', clock: CLOCK })
}

describe('LiveClient', () => {
  it('says hello, subscribes from its cursor, and is live only once the server has confirmed', () => {
    client.start({ clock: CLOCK, frames: [entries(5, 'by REST')] })
    expect(body()).toBe('by REST')
    admit(world.socket)
    expect(world.socket.sent).toEqual([
      { type: 'hello', token: 'secret' },
      { type: 'subscribe', rooms: [{ room: 'order:1', cursor: 5 }] },
      { type: 'ping' },
    ])
    expect(state.link).toBe('connecting')
    world.socket.say({ type: 'pong', clock: CLOCK })
    expect(state.link).toBe('live')
  })

  it('reads the clock at the rate of the server', async () => {
    goLive()
    await world.pass(2_000)
    expect(state.clock && domainNowMs(state.clock, world.nowMs)).toBe(CLOCK.now_ms + 2_000 * 30)
  })

  it('resumes from the cursor it has after the socket was lost', async () => {
    goLive()
    world.socket.say(entries(8, 'second'))
    const lostAt = state.asOfMs
    world.socket.onclose?.()
    expect(state.link).toBe('reconnecting')
    expect(state.asOfMs).toBe(lostAt)
    expect(body()).toBe('second')
    await world.pass(500)
    expect(world.sockets).toHaveLength(2)
    admit(world.socket)
    expect(world.socket.sent[1]).toEqual({ type: 'subscribe', rooms: [{ room: 'order:1', cursor: 8 }] })
  })

  it('takes silence after a ping for a dead network', async () => {
    goLive()
    const first = world.socket
    await world.pass(10_000 + 6_000)
    expect(first.isClosed).toBe(true)
    expect(state.link).not.toBe('live')
  })

  it('asks every 15 s where no socket can be had, and goes live when one can', async () => {
    let asked = 0
    poll = () => {
      asked += 1
      return Promise.resolve({ clock: CLOCK, frames: [entries(asked, `poll ${asked}`)] })
    }
    client.start(null)
    world.socket.onclose?.()
    await world.pass(250)
    world.socket.onclose?.()
    await settled()
    expect(state.link).toBe('polling')
    expect(body()).toBe('poll 1')
    await world.pass(POLL_MS)
    expect(body()).toBe('poll 2')
    admit(world.socket)
    world.socket.say({ type: 'pong', clock: CLOCK })
    expect(state.link).toBe('live')
    const askedBefore = asked
    await world.pass(3_000)
    world.socket.say({ type: 'pong', clock: CLOCK })
    expect(asked).toBe(askedBefore)
  })

  it('says offline where neither socket nor REST answers, and keeps what it knows with its time', async () => {
    goLive()
    const asOf = state.asOfMs
    world.socket.onclose?.()
    await world.pass(250)
    world.socket.onclose?.()
    await settled()
    expect(state.link).toBe('offline')
    expect(state.asOfMs).toBe(asOf)
    expect(body()).toBe('first')
  })

  it('makes sure at once when the person comes back', async () => {
    goLive()
    const first = world.socket
    client.wake()
    expect(first.types().filter((type) => type === 'ping')).toHaveLength(2)
    await world.pass(2_500)
    expect(first.isClosed).toBe(true)
    client.wake()
    expect(world.sockets).toHaveLength(2)
  })

  it('says so while the server itself cannot read anything new', () => {
    goLive()
    world.socket.say({ type: 'stale', since: '2026-11-22T23:20:00Z' })
    expect(state.link).toBe('stale')
    world.socket.say({ type: 'pong', clock: CLOCK })
    expect(state.link).toBe('stale')
    world.socket.say({ type: 'fresh' })
    expect(state.link).toBe('live')
  })

  it('hands refusals on, and passes over frames it cannot read', () => {
    goLive()
    world.socket.say({ type: 'error', field: 'rooms[0]', message: 'no such room', remedy: 'leave it out' })
    world.socket.say({ type: 'news of a later release' })
    world.socket.onmessage?.({ data: 'no JSON' })
    expect(refusals.map((refusal) => refusal.field)).toEqual(['rooms[0]'])
    expect(state.link).toBe('live')
  })

  it('does nothing any more once stopped', async () => {
    goLive()
    client.stop()
    await world.pass(60_000)
    expect(world.sockets).toHaveLength(1)
    expect(world.socket.isClosed).toBe(true)
  })
})
