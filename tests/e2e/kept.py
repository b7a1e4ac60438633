"""What a page's service worker keeps: a test that takes the network away waits until the page opens without it."""

from playwright.sync_api import Page

KEPT_WITHIN_MS = 30_000
_IS_KEPT = """async (shelf) => {
  await navigator.serviceWorker.ready
  const named = document.querySelectorAll('script[src], link[rel=stylesheet], link[rel=modulepreload]')
  const kept = (await (await caches.open(shelf)).keys()).map((one) => one.url)
  return kept.some((url) => url.endsWith('/')) && [...named].every((one) => kept.includes(one.src || one.href))
}"""


def until_kept(page: Page, shelf: str) -> None:
    """``shelf``: the cache of the page's worker. In it are the page's HTML (its address ends in ``/``) and every file it names."""
    page.wait_for_function(_IS_KEPT, arg=shelf, timeout=KEPT_WITHIN_MS)
