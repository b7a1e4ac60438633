/** Goods that change vans, as the dispatcher and both drivers count them: with labels, or by number. Pure. */

import type { components } from './api/schema'

type Zones = components['schemas']['ZonesOut']

export interface Changing {
  readonly containers: readonly { readonly is_done: boolean }[]
  readonly unlabelled: readonly { readonly is_done: boolean; readonly load: Zones }[]
}

export const containerCount = (load: Zones): number => load.ambient + load.chilled + load.frozen

/** How many containers change vans, with a label or without, and how many of them have. */
export function countsOf(goods: Changing): { readonly n: number; readonly done: number } {
  const all = [
    ...goods.containers.map((one) => ({ n: 1, isDone: one.is_done })),
    ...goods.unlabelled.map((one) => ({ n: containerCount(one.load), isDone: one.is_done })),
  ]
  const sum = (of: typeof all): number => of.reduce((total, one) => total + one.n, 0)
  return { n: sum(all), done: sum(all.filter((one) => one.isDone)) }
}

/** Whether all of them have. */
export function isMet(goods: Changing): boolean {
  const { n, done } = countsOf(goods)
  return done === n
}
