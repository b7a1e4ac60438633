// Opens a page from a link without network, the residents', (?driver) the drivers' or (?leader) the leaders': keeps its HTML (the
// same for every link, so no link is written down) and its files.
// Data never passes through here: the page itself keeps the last view and says of when it is.

const [KEPT, SHELL, PAGE] = {
  '?driver': ['tt-driver-1', '/d/', '/driver.html'],
  '?leader': ['tt-leader-1', '/g/', '/leaders.html'],
}[self.location.search] ?? ['tt-residents-1', '/o/', '/residents.html']

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting())
})

self.addEventListener('message', (event) => {
  if (event.data?.type === 'keep') event.waitUntil(keep(event.data.files))
})

async function keep(files) {
  const cache = await caches.open(KEPT)
  const shell = await fetch(PAGE, { cache: 'no-cache' })
  if (!shell.ok) return
  await cache.put(SHELL, shell)
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname !== SHELL && !files.includes(request.url)) await cache.delete(request)
  }
  await Promise.all(files.map(async (file) => (await cache.match(file)) ?? cache.add(file)))
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate' && url.pathname.startsWith(SHELL)) {
    event.respondWith(fetch(request).catch(() => kept(SHELL)))
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(kept(url.href).catch(() => fetch(request)))
  }
})

async function kept(key) {
  const found = await (await caches.open(KEPT)).match(key)
  if (!found) throw new Error(`${key} is not kept`)
  return found
}
