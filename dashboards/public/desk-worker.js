// Opens a station's or a dock's page while its agent restarts: keeps the page and its files. What the agent answers never passes through
// here, so nothing old is ever shown as the truth. What is kept only helps: where the keeping fails, everything is as without it.

const OURS = 'tt-desk-'
const KEPT = `${OURS}1`
const SHELL = '/'
const FILES = '/assets/' // their names change with what is in them
const PATIENCE_MS = 3000 // an agent that starts takes the connection before it answers

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting())
})

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), clearFormer()]))
})

self.addEventListener('message', (event) => {
  const { type, files } = event.data || {}
  if (type !== 'keep' || !Array.isArray(files)) return
  event.waitUntil(keep(files).then((isKept) => event.source.postMessage({ type: isKept ? 'kept' : 'not_kept' })))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate' && url.pathname === SHELL) event.respondWith(page())
  else if (isFile(url)) event.respondWith(file(request))
})

/** One that a page can name; an address with more in it would be kept once for each of its forms. */
function isFile(url) {
  return url.origin === self.location.origin && url.pathname.startsWith(FILES) && url.search === ''
}

/** As the agent has it now; as it was where nobody answers. */
async function page() {
  const old = await kept(SHELL)
  if (!old) return fetch(SHELL, { cache: 'no-cache', redirect: 'manual' })
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS)
  try {
    const answer = await fetch(SHELL, { cache: 'no-cache', redirect: 'manual', signal: patience.signal })
    return answer.status < 500 ? answer : old
  } catch {
    return old
  } finally {
    clearTimeout(timer)
  }
}

async function file(request) {
  const { href } = new URL(request.url)
  const found = await kept(href)
  if (found) return found
  const answer = await fetch(request)
  if (answer.status === 200 && answer.type === 'basic') put(href, answer.clone())
  return answer
}

/** What is open with all it has loaded, and the page the agent has now with all it names. Everything else goes. */
async function keep(files) {
  try {
    const answer = await fetch(SHELL, { cache: 'no-cache' })
    if (!answer.ok || answer.redirected) return false
    const text = await answer.clone().text()
    const named = (text.match(/\/assets\/[\w.-]+/g) || []).map((path) => new URL(path, self.location.origin).href)
    if (named.length === 0) return false // somebody else answers at this address
    const wanted = new Set([...named, ...files.filter((one) => isFile(new URL(one)))])
    const cache = await caches.open(KEPT)
    await Promise.all([...wanted].map(async (one) => (await cache.match(one)) || add(cache, one, named.includes(one))))
    await cache.put(SHELL, answer) // after what it names: what is kept opens
    for (const { url } of await cache.keys()) {
      if (new URL(url).pathname !== SHELL && !wanted.has(url)) await cache.delete(url)
    }
    return true
  } catch {
    return false // the agent went away in the middle of it, or the disk is full
  }
}

/** What only an open, older page has loaded may be gone from the agent. */
async function add(cache, href, isNamed) {
  try {
    await cache.add(href)
  } catch (error) {
    if (isNamed) throw error
  }
}

/** Undefined also where the device's own store is broken: then the agent is asked. */
async function kept(key) {
  try {
    return await (await caches.open(KEPT)).match(key)
  } catch {
    return undefined
  }
}

async function put(key, answer) {
  try {
    await (await caches.open(KEPT)).put(key, answer)
  } catch {
    // the disk is full: the page has it all the same
  }
}

/** What a worker of an older release kept in another form; never the residents' pages. */
async function clearFormer() {
  try {
    for (const name of await caches.keys()) {
      if (name.startsWith(OURS) && name !== KEPT) await caches.delete(name)
    }
  } catch {
    // the device's own store is broken
  }
}
