import { describe, expect, it } from 'vitest'

import { AGREE_MS, frame, NOTHING_SEEN, REARM_MS, type Seen, type Sightings } from '../shared/agent/look/sightings'

const BAR: Seen = { text: 'TTP000000001X', symbology: 'C0' }
const EAN: Seen = { text: '6901234567892', symbology: 'E0' }
const QR: Seen = { text: 'TT1.abc', symbology: 'Q1' }
const ITF: Seen = { text: '00123456', symbology: 'I0' }

/** What became a scan in each frame of (ms, codes in view). */
function watched(...frames: [number, ...Seen[]][]): string[][] {
  let seen: Sightings = NOTHING_SEEN
  return frames.map(([atMs, ...codes]) => {
    const step = frame(seen, codes, atMs)
    seen = step.seen
    return step.scans.map((one) => one.text)
  })
}

describe('a code in view of the camera', () => {
  it('is one scan for as long as it stays there', () => {
    expect(watched([0, QR], [100, QR], [5000], [5100, QR])).toEqual([[QR.text], [], [], [QR.text]])
  })

  it('with bars is believed when two frames agree soon after each other', () => {
    expect(watched([0, BAR], [100, BAR], [200, BAR])).toEqual([[], [BAR.text], []])
    expect(watched([0, BAR], [AGREE_MS + 1, BAR], [AGREE_MS + 100, BAR])).toEqual([[], [], [BAR.text]])
  })

  it('without a check digit needs three', () => {
    expect(watched([0, ITF], [100, ITF], [200, ITF])).toEqual([[], [], [ITF.text]])
  })

  it('of a product counts once more each time it is shown again', () => {
    const again = 100 + REARM_MS
    expect(watched([0, EAN], [100, EAN], [again, EAN], [again + 100, EAN])).toEqual([[], [EAN.text], [], [EAN.text]])
  })

  it('flickers, and is no second scan for that', () => {
    expect(watched([0, QR], [REARM_MS - 1, QR], [2 * REARM_MS - 10, QR])).toEqual([[QR.text], [], []])
  })

  it('beside others is its own scan', () => {
    expect(watched([0, QR, BAR], [100, QR, BAR, EAN], [200, EAN])).toEqual([[QR.text], [BAR.text], [EAN.text]])
  })
})
