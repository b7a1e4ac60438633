/** The buttons: what each is just now, why it cannot be pressed, what it did, and whether it is under way. Leaves words to act_words. */

import { computed, type ComputedRef, type Ref, ref, type ShallowRef, shallowRef } from 'vue'

import { faultText } from '../shared/i18n/faults'
import { act, whyText } from './act_words'
import { type ActDone, type ActWanted, type Hops, town, type Town, type VanSeen } from './api'

export type Name = 'scan' | 'unplug' | 'replug' | 'cut' | 'mend' | 'open' | 'close' | 'break' | 'repair' | 'kill'

/** One place on the page; `name` is what pressing it would do now. `off`: why it cannot be, '' where it can. */
export interface Button {
  readonly place: 'scan' | 'plug' | 'line' | 'door' | 'van' | 'kill'
  readonly name: Name
  readonly off: string
}

/** What a press came to, in the language of whoever reads it then; `fault` '' where it was done. */
export interface Outcome {
  readonly name: Name
  /** The station that was chosen. */
  readonly at: string
  readonly did: () => string
  readonly fault: () => string
}

const nothing = (): string => ''

/** A scan that is followed on its way. */
export interface Followed {
  readonly label: string
  readonly hops: Hops
}

export interface Acting {
  readonly buttons: ComputedRef<readonly Button[]>
  readonly outcomes: Ref<Readonly<Partial<Record<Button['place'], Outcome>>>>
  readonly busy: Ref<string>
  readonly followed: ShallowRef<Followed | null>
  readonly press: (button: Button) => Promise<void>
}

const FREEZER = 'freezer-1'
const LINE = 'line'

/** `at`: the station whose things are touched. */
export function useActing(seen: ShallowRef<Town | null>, at: Ref<string>, isAway: Ref<boolean>, look: () => Promise<void>): Acting {
  const outcomes = ref<Partial<Record<Button['place'], Outcome>>>({})
  const busy = ref('')
  const followed = shallowRef<Followed | null>(null)
  const station = computed(() => seen.value?.stage.stations.find((one) => one.id === at.value))

  const buttons = computed((): readonly Button[] => {
    const seenAt = station.value
    const off = seenAt === undefined ? act('off.starting') : isAway.value ? act('off.away') : ''
    const van = vanOf(seen.value)
    const isPaused = seen.value?.clock.rate === 0
    const isOpen = seenAt?.doors.includes(FREEZER) ?? false
    const isHeld = seen.value?.stage.is_held ?? false
    const noScan =
      seenAt?.is_plugged === false ? act('off.unplugged') : seenAt?.parcels_left === false ? act('off.nothing_left') : isHeld ? act('off.held') : ''
    return [
      { place: 'scan', name: 'scan', off: off || noScan },
      { place: 'plug', name: seenAt?.is_plugged === false ? 'replug' : 'unplug', off },
      { place: 'line', name: seenAt?.is_online === false ? 'mend' : 'cut', off },
      { place: 'door', name: isOpen ? 'close' : 'open', off: off || (isPaused && !isOpen ? act('off.paused') : '') },
      { place: 'van', name: van?.is_broken ? 'repair' : 'break', off: off || (van === null ? act('off.no_van') : '') },
      { place: 'kill', name: 'kill', off },
    ]
  })

  async function press(button: Button): Promise<void> {
    if (button.off || busy.value) return
    busy.value = button.place
    const site = at.value
    const touched = touchedBy(button.name) // as it is before: a van that was mended is no longer the one that is broken
    try {
      const outcome = button.name === 'kill' ? await kill() : told(button.name, touched, await town.act(wanted(button.name)))
      outcomes.value = { ...outcomes.value, [button.place]: { ...outcome, at: site } }
    } catch (error) {
      outcomes.value = { ...outcomes.value, [button.place]: { name: button.name, at: site, did: nothing, fault: () => faultText(error) } }
    }
    busy.value = ''
    void look()
  }

  async function kill(): Promise<Omit<Outcome, 'at'>> {
    const { killed } = await town.kill()
    const names = Object.entries(killed).map(([name, pid]) => `${name} ${pid ?? '-'}`).join(', ')
    return { name: 'kill', did: () => act('kill.did', { names }), fault: nothing }
  }

  /** The name of the van or the station that a button touches. */
  function touchedBy(name: Name): string {
    return (name === 'break' || name === 'repair' ? vanOf(seen.value)?.name : station.value?.name) ?? ''
  }

  function told(name: Name, touched: string, said: ActDone): Omit<Outcome, 'at'> {
    if (!said.done) return { name, did: nothing, fault: () => whyText(said.code) }
    if (name === 'scan' && said.hops) followed.value = { label: said.label, hops: said.hops }
    const did = (): string => (name === 'scan' ? act('scan.did', { label: said.label }) : didOf(name, touched))
    return { name, did, fault: nothing }
  }

  function wanted(name: Name): ActWanted {
    const site = at.value
    switch (name) {
      case 'unplug':
      case 'replug':
        return { do: name, site }
      case 'cut':
        return { do: 'unplug', site, device: LINE }
      case 'mend':
        return { do: 'replug', site, device: LINE }
      case 'open':
        return { do: 'door', site, device: FREEZER, way: 'open' }
      case 'close':
        return { do: 'door', site, device: FREEZER, way: 'closed' }
      case 'break':
        return { do: 'van', site: vanOf(seen.value)?.id ?? '', way: 'broken' }
      case 'repair':
        return { do: 'van', site: vanOf(seen.value)?.id ?? '', way: 'sound' }
      case 'scan':
      case 'kill':
        return { do: 'scan', site }
    }
  }

  return { buttons, outcomes, busy, followed, press }
}

/** The one that is broken, else the first on its way. */
function vanOf(seen: Town | null): VanSeen | null {
  const vans = seen?.stage.vans ?? []
  return vans.find((one) => one.is_broken) ?? vans.find((one) => one.is_under_way) ?? null
}

function didOf(name: Name, touched: string): string {
  switch (name) {
    case 'unplug':
      return act('unplug.did', { name: touched })
    case 'cut':
      return act('cut.did', { name: touched })
    case 'replug':
      return act('replug.did')
    case 'mend':
      return act('mend.did')
    case 'open':
      return act('open.did')
    case 'close':
      return act('close.did')
    case 'break':
      return act('break.did', { name: touched })
    case 'repair':
      return act('repair.did', { name: touched })
    case 'scan':
    case 'kill':
      return ''
  }
}
