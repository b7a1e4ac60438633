/** REST as the pages use it: JSON in and out, and errors that say what is wrong and what to do. */

import { isObject } from '../live/protocol'

/** The server said no. `message` and `remedy` are its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly field: string,
    message: string,
    readonly remedy: string,
  ) {
    super(message)
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

const PATIENCE_MS = 12_000

export async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const isText = typeof body === 'string' || body instanceof Blob
  const abort = new AbortController()
  const timer = setTimeout(() => {
    abort.abort()
  }, PATIENCE_MS)
  let response: Response
  let text: string
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
      headers: body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (error) {
    throw new Unreachable(String(error))
  } finally {
    clearTimeout(timer)
  }
  const answer = parse(text)
  if (response.ok) return answer
  const said = isObject(answer) && isObject(answer['error']) ? answer['error'] : {}
  throw new Refused(response.status, word(said['field']), word(said['message']) || response.statusText, word(said['remedy']))
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return null
  }
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
