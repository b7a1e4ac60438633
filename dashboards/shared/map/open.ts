/** Opens the map that this screen can draw, and keeps what its reader has chosen. Loads only that one's code. */

import type { MapView, Opening } from './view'

export type Choice = 'gl' | 'light'

const KEPT_AS = 'tt-map'

/** What the reader chose, else what the screen can do: a processor that computes graphics draws thirteen frames a second, or four. */
export function choice(): Choice {
  try {
    const kept = localStorage.getItem(KEPT_AS)
    if (kept === 'gl' || kept === 'light') return kept
  } catch {
    // private mode: asked of the screen each time
  }
  return isSoftware(rendererName()) ? 'light' : 'gl'
}

export function keepChoice(chosen: Choice): void {
  try {
    localStorage.setItem(KEPT_AS, chosen)
  } catch {
    // private mode: the choice lasts as long as the page
  }
}

/** Null where there is no WebGL 2 at all. */
function rendererName(): string | null {
  const gl = document.createElement('canvas').getContext('webgl2')
  if (!gl) return null
  const told = gl.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER)
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return String(name)
}

export function isSoftware(renderer: string | null): boolean {
  return renderer === null || /swiftshader|llvmpipe|software|softpipe|basic render/i.test(renderer)
}

/** The light one where the other fails: some screens promise what they can't do. */
export async function openMap(opening: Opening, chosen: Choice): Promise<{ view: MapView; drawn: Choice }> {
  if (chosen === 'gl') {
    try {
      const { openGl } = await import('./gl')
      return { view: await openGl(opening), drawn: 'gl' }
    } catch {
      opening.element.replaceChildren()
    }
  }
  const { openLight } = await import('./light')
  return { view: openLight(opening), drawn: 'light' }
}
