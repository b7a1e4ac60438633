/** On a telephone: what is worked on comes to the top, so that the next button needs no search. Wider screens stay as they are. */

import { nextTick } from 'vue'

const NARROW = '(max-width: 40rem)'

export async function bringIntoSight(find: () => HTMLElement | null | undefined): Promise<void> {
  if (!window.matchMedia(NARROW).matches) return
  await nextTick()
  find()?.scrollIntoView()
}
