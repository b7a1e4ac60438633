/** A day's routes and departures by REST, for the operator's planners. */

import { request } from './http'
import type { components } from './schema'

type Schemas = components['schemas']
export type PlanHead = Schemas['PlanHead']
export type Plan = Schemas['PlanOut']
export type PlanResult = Schemas['PlanResult']
export type PlanRoute = Schemas['PlanRoute']
export type PlanStop = Schemas['PlanStop']
export type PlanDay = Schemas['PlanDay']
export type PlanVan = Schemas['PlanVan']
export type PlanStation = Schemas['PlanStation']
export type DayIn = Schemas['DayIn']
export type VanIn = Schemas['VanIn']
export type TourIn = Schemas['TourIn']
export type Trial = Schemas['TrialOut']
export type Refusal = Schemas['RefusalOut']
export type Comparison = Schemas['PlanComparison']
export type Zones = Schemas['ZonesOut']
export type Board = Schemas['DepartureBoard']
export type Departure = Schemas['DepartureOut']
export type Track = Schemas['TrackOut']
export type Replan = Schemas['ReplanIn']
export type Happening = Replan['event']
export type Pin = Schemas['PinIn']
export type StationTimes = Schemas['StationIn']
/** Goods that change vans at one place and time. */
export type Crates = Schemas['TransferOut']
export type DriverContact = Schemas['DriverContactOut']

const part = encodeURIComponent
const of = (operator: string): string => `/api/operators/${part(operator)}`
const PATIENT_MS = 60_000 // ways of a large day on fresh roads take their time

export const dispatching = {
  board: async (operator: string, day: string) => (await request('GET', `${of(operator)}/departures?day=${part(day)}`)) as Board,
  plans: async (operator: string, day: string) =>
    ((await request('GET', `${of(operator)}/plans?day=${part(day)}`)) as Schemas['PlanList']).plans,
  ask: async (operator: string, day: DayIn) => (await request('POST', `${of(operator)}/plans`, day, PATIENT_MS)) as Plan,
  plan: async (id: number) => (await request('GET', `/api/plans/${id}`)) as Plan,
  stop: async (id: number) => (await request('POST', `/api/plans/${id}/stop`)) as Plan,
  commit: async (id: number) => (await request('POST', `/api/plans/${id}/commit`, undefined, PATIENT_MS)) as Plan,
  discard: async (id: number) => (await request('POST', `/api/plans/${id}/discard`)) as Plan,
  compare: async (id: number, other: number) =>
    (await request('GET', `/api/plans/${id}/comparison/${other}`, undefined, PATIENT_MS)) as Comparison,
  tryTours: async (id: number, tours: TourIn[]) => (await request('POST', `/api/plans/${id}/trial`, { tours }, PATIENT_MS)) as Trial,
  keepTours: async (id: number, tours: TourIn[]) => (await request('POST', `/api/plans/${id}/moves`, { tours }, PATIENT_MS)) as Plan,
  step: (run: number, state: 'loading' | 'departed') => request('POST', `/api/runs/${run}/state`, { state }),
  replan: async (id: number, wanted: Replan) =>
    (await request('POST', `/api/plans/${id}/replans`, wanted, PATIENT_MS)) as Schemas['ReplanOut'],
  crates: async (id: number) => ((await request('GET', `/api/plans/${id}/transfers`)) as Schemas['TransferList']).transfers,
  driver: async (run: number) => (await request('GET', `/api/runs/${run}/driver`)) as DriverContact,
  setDriverPhone: async (run: number, phone: string | null) =>
    (await request('PUT', `/api/runs/${run}/driver-phone`, { phone })) as DriverContact,
  revealDriverPhone: async (run: number) =>
    ((await request('POST', `/api/runs/${run}/driver-phone/reveal`)) as Schemas['DriverPhoneOut']).phone,
  track: async (site: string, start: string, end: string) =>
    (await request('GET', `/api/sites/${part(site)}/track?start=${part(start)}&end=${part(end)}`)) as Track,
}
