// Opens a station's or a dock's page while its agent restarts: keeps the page and its files. What the agent answers never passes through
// here, so nothing old is ever shown as the truth. Whatever the agent has newer is taken with the next load, never under somebody's hands.

const KEPT = 'tt-desk-1'
const SHELL = '/'
const PATIENCE_MS = 3000 // an agent that starts takes the connection before it answers

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting())
})

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('message', (event) => {
  const { type, files } = event.data ?? {}
  if (type === 'keep') event.waitUntil(keep(files).then((isKept) => event.source?.postMessage({ type: isKept ? 'kept' : 'not_kept' })))
  if (type === 'look') event.waitUntil(lookForNewer().then((isNewer) => isNewer && event.source?.postMessage({ type: 'newer' })))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate' && url.pathname === SHELL) event.respondWith(page())
  else if (url.pathname.startsWith('/assets/')) event.respondWith(file(url.href))
})

/** As the agent has it now; as it was where nobody answers. */
async function page() {
  const old = await (await caches.open(KEPT)).match(SHELL)
  try {
    const answer = await fetch(SHELL, { cache: 'no-cache', ...(old ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {}) })
    if (answer.ok || !old) return answer
  } catch (error) {
    if (!old) throw error
  }
  return old
}

/** Their names change with what is in them: what is kept is right. */
async function file(href) {
  const cache = await caches.open(KEPT)
  const found = await cache.match(href)
  if (found) return found
  const answer = await fetch(href)
  if (answer.ok) await cache.put(href, answer.clone())
  return answer
}

/** The page that is open, with all it has loaded. What only an older one had goes. */
async function keep(files) {
  try {
    const cache = await caches.open(KEPT)
    const answer = await fetch(SHELL, { cache: 'no-cache' })
    if (!answer.ok) return false
    const text = await answer.clone().text()
    const old = await cache.match(SHELL)
    if (!files.some((one) => text.includes(new URL(one).pathname))) return old !== undefined // the agent has a newer one already
    if (old && (await old.text()) !== text) {
      for (const request of await cache.keys()) {
        if (new URL(request.url).pathname !== SHELL && !files.includes(request.url)) await cache.delete(request)
      }
    }
    await Promise.all(files.map(async (one) => (await cache.match(one)) ?? cache.add(one)))
    await cache.put(SHELL, answer)
    return true
  } catch {
    return false // the agent went away in the middle of it, or the disk is full
  }
}

async function lookForNewer() {
  try {
    const [old, answer] = await Promise.all([caches.open(KEPT).then((cache) => cache.match(SHELL)), fetch(SHELL, { cache: 'no-cache' })])
    return old !== undefined && answer.ok && (await old.text()) !== (await answer.text())
  } catch {
    return false
  }
}
