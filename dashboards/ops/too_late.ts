/** What is said of an order that can be cancelled no more, and the case that is opened instead. Pure. */

export interface WantedCase {
  readonly operator: string
  /** The shop system's number. */
  readonly order: string
}

type Late = 'cancel.late.cut_off' | 'cancel.late.under_way' | 'cancel.late.arrived' | 'cancel.late.collected'

const LATE: Readonly<Record<string, Late>> = {
  in_transit: 'cancel.late.under_way',
  arrived: 'cancel.late.arrived',
  ready: 'cancel.late.arrived',
  overdue: 'cancel.late.arrived',
  partially_collected: 'cancel.late.collected',
  collected: 'cancel.late.collected',
  closed: 'cancel.late.collected',
}

export function whyNotCancelled(state: string): Late {
  return LATE[state] ?? 'cancel.late.cut_off'
}
