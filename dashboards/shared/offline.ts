/** Asks a service worker to keep a page's own files. Browsers allow one under TLS or on localhost only; else nothing is kept. */

export function keepPageForOffline(script: string, scope: string): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  navigator.serviceWorker.register(script, { scope }).then(
    (registration) => {
      const worker = registration.active ?? registration.waiting ?? registration.installing
      const files = performance.getEntriesByType('resource').map((entry) => entry.name)
      worker?.postMessage({ type: 'keep', files: files.filter((name) => name.startsWith(`${location.origin}/assets/`)) })
    },
    () => undefined, // refused: the page then needs the network to open
  )
}
