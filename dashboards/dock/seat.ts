/** Where a page sits, over a restart of the agent. */

import type { Place } from './dock'

/** What a page does that last worked at `kept`. An agent that was restarted knows its places, and not which page sits where: the
 * page sits down again, or its modes would be every other scanner's. Where somebody gave the scanner back, it is forgotten. */
export function seatAfter(kept: string, place: string, places: readonly Pick<Place, 'place'>[]): 'stay' | 'sit' | 'forget' {
  if (kept === '' || place !== '') return 'stay'
  return places.some((one) => one.place === kept) ? 'sit' : 'forget'
}
