/** The page's end of reader_worker: one picture at a time, and what stands on it. */

import type { Seen } from './sightings'

export interface ToReader {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
}

export type FromReader =
  | { readonly kind: 'read'; readonly codes: readonly Seen[] }
  /** It cannot read at all, such as a browser that is too old for its WebAssembly. */
  | { readonly kind: 'broken'; readonly why: string }

export interface Reader {
  readonly read: (picture: ImageData) => Promise<readonly Seen[]>
  readonly end: () => void
}

/** Loads only now: half a megabyte, packed. A classic worker: browsers of the phones in use know no other. */
export function startReader(): Reader {
  const worker = new Worker(new URL('./reader_worker.ts', import.meta.url))
  function read(picture: ImageData): Promise<readonly Seen[]> {
    return new Promise((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<FromReader>) => {
        if (event.data.kind === 'read') resolve(event.data.codes)
        else reject(new Error(event.data.why))
      }
      worker.onerror = (event) => {
        reject(new Error(event.message))
      }
      const { data, width, height } = picture
      worker.postMessage({ pixels: data, width, height }, [data.buffer])
    })
  }
  return {
    read,
    end: () => {
      worker.terminate()
    },
  }
}
