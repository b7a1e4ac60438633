/** The page's own camera as a scanner: its pictures are read here, and what becomes a scan goes where a typed scan goes. */

import { onScopeDispose, type Ref, ref } from 'vue'

import { type Reader, startReader } from './reader'
import { frame, NOTHING_SEEN, type Seen } from './sightings'

/** Why there is no live picture; '' where there is, or nobody asked. */
export type NoCamera = '' | 'insecure' | 'missing' | 'denied' | 'none' | 'busy' | 'lost' | 'old'

export interface Camera {
  readonly isOn: Ref<boolean>
  readonly isStarting: Ref<boolean>
  readonly why: Ref<NoCamera>
  readonly start: (video: HTMLVideoElement) => Promise<void>
  readonly stop: () => void
}

const WIDEST_PX = 1280 // a label that fills a third of the picture has its two pixels a module
const BETWEEN_MS = 30 // so that the page gets its turn
const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: { ideal: 'environment' }, width: { ideal: WIDEST_PX }, height: { ideal: 720 } },
}

/** Known before anybody asks for it: browsers give a camera to https and to this very machine only. */
export function whyNoCamera(): NoCamera {
  if (!window.isSecureContext) return 'insecure'
  return 'mediaDevices' in navigator && typeof Worker === 'function' ? '' : 'missing'
}

export function useCamera(scanned: (code: Seen) => void): Camera {
  const isOn = ref(false)
  const isStarting = ref(false)
  const why = ref<NoCamera>(whyNoCamera())
  let stream: MediaStream | null = null
  let reader: Reader | null = null
  let turn = 0 // of starts: what was begun before a stop must not go on after it

  async function start(video: HTMLVideoElement): Promise<void> {
    stop()
    why.value = whyNoCamera()
    if (why.value !== '') return
    const mine = turn
    isStarting.value = true
    try {
      const opened = await navigator.mediaDevices.getUserMedia(WANTED)
      if (mine !== turn) {
        close(opened)
        return
      }
      stream = opened
      for (const track of opened.getTracks()) track.addEventListener('ended', () => { lose(mine) })
      video.srcObject = opened
      await video.play()
    } catch (error) {
      if (mine === turn) fail(reasonOf(error))
      return
    } finally {
      if (mine === turn) isStarting.value = false
    }
    isOn.value = true
    void look(video, mine)
  }

  async function look(video: HTMLVideoElement, mine: number): Promise<void> {
    const canvas = document.createElement('canvas')
    const paper = canvas.getContext('2d', { willReadFrequently: true })
    let seen = NOTHING_SEEN
    try {
      reader = startReader()
      while (mine === turn && paper) {
        const atMs = performance.now()
        const picture = take(video, canvas, paper)
        if (picture) {
          const codes = await reader.read(picture)
          if (mine !== turn) return
          const step = frame(seen, codes, atMs)
          seen = step.seen
          step.scans.forEach(scanned)
        }
        await new Promise((resolve) => window.setTimeout(resolve, BETWEEN_MS))
      }
    } catch {
      if (mine === turn) fail('old')
    }
  }

  function lose(mine: number): void {
    if (mine === turn) fail('lost')
  }

  function fail(reason: NoCamera): void {
    stop()
    why.value = reason
  }

  function stop(): void {
    turn += 1
    if (stream) close(stream)
    stream = null
    reader?.end()
    reader = null
    isOn.value = false
    isStarting.value = false
  }

  onScopeDispose(stop)
  return { isOn, isStarting, why, start, stop }
}

function take(video: HTMLVideoElement, canvas: HTMLCanvasElement, paper: CanvasRenderingContext2D): ImageData | null {
  const { videoWidth, videoHeight } = video
  if (videoWidth === 0 || videoHeight === 0) return null
  const scale = Math.min(1, WIDEST_PX / Math.max(videoWidth, videoHeight))
  canvas.width = Math.round(videoWidth * scale)
  canvas.height = Math.round(videoHeight * scale)
  paper.drawImage(video, 0, 0, canvas.width, canvas.height)
  return paper.getImageData(0, 0, canvas.width, canvas.height)
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

function reasonOf(error: unknown): NoCamera {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied'
    case 'NotReadableError':
    case 'AbortError':
      return 'busy'
    default:
      return 'none'
  }
}
