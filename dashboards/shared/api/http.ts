/** REST as the pages use it: JSON in and out, and errors that say what is wrong and what to do. */

import { isObject } from '../live/protocol'

/** What the server finds wrong: its own words, and a code with parameters for those who say it in others. */
export interface Fault {
  readonly field: string
  readonly message: string
  readonly remedy: string
  readonly code: string
  readonly params: Readonly<Record<string, string | number>>
}

/** The server said no. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly fault: Fault,
  ) {
    super(fault.message)
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

const PATIENCE_MS = 12_000

/** What is not JSON, such as a PDF. Refusals are as `request`'s. */
export async function requestFile(method: string, path: string, body: unknown): Promise<Blob> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.ok) return await response.blob()
  } catch (error) {
    throw new Unreachable(String(error))
  }
  throw refused(response, parse(await response.text()))
}

/** `more`: headers besides, such as a link's token, which no address may carry. */
export async function request(
  method: string,
  path: string,
  body?: unknown,
  patienceMs = PATIENCE_MS,
  more: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const isForm = body instanceof FormData // the browser names its own content type
  const isText = typeof body === 'string' || body instanceof Blob
  const abort = new AbortController()
  const timer = setTimeout(() => {
    abort.abort()
  }, patienceMs)
  let response: Response
  let text: string
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
      headers: body === undefined || isForm ? more : { ...more, 'content-type': isText ? 'text/csv' : 'application/json' },
      ...(body === undefined ? {} : { body: isText || isForm ? body : JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (error) {
    throw new Unreachable(String(error))
  } finally {
    clearTimeout(timer)
  }
  const answer = parse(text)
  if (response.ok) return answer
  throw refused(response, answer)
}

function refused(response: Response, answer: unknown): Refused {
  const said = isObject(answer) && isObject(answer['error']) ? answer['error'] : {}
  return new Refused(response.status, {
    field: word(said['field']),
    message: word(said['message']) || response.statusText,
    remedy: word(said['remedy']),
    code: word(said['code']),
    params: isObject(said['params']) ? (said['params'] as Fault['params']) : {},
  })
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
