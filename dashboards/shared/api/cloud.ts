/** The cloud's REST, typed by its own description (openapi.json). The server's word for its shapes is taken. */

import { request } from './http'
import type { components } from './schema'

type Schemas = components['schemas']
export type Account = Schemas['AccountOut']
export type Health = Schemas['Health']
export type Site = Schemas['SiteOut']
export type Alarm = Schemas['AlarmOut']
export type TouchedParcel = Schemas['TouchedParcel']
export type SensorHealth = Schemas['SensorHealth']
export type QuarantineItem = Schemas['QuarantineItem']
export type QuarantineOne = Schemas['QuarantineOne']
export type ImportColumn = Schemas['ColumnOut']
export type ImportReport = Schemas['ImportReport']
export type OrderRow = Schemas['OrderRow']
export type OrderOne = Schemas['OrderOut']
export type ParcelOne = Schemas['ParcelOut']
export type ParcelAccount = Schemas['ColdChainOut']
export type BookDate = Schemas['DateOut']
export type UnresolvedParcel = Schemas['UnresolvedOut']
export type LinkOut = Schemas['LinkOut']
export type Tracker = Schemas['TrackerOut']
export type Enrolled = Schemas['EnrolledOut']
export type Run = Schemas['RunOut']
export type DriverLink = Schemas['DriverLinkOut']
export type Staff = Schemas['StaffOut']
export type Leader = Schemas['LeaderOut']
export type LeaderLink = Schemas['LeaderLinkOut']
export type LeaderRules = Schemas['LeaderRules']
export type Roads = Schemas['RoadsOut']

const part = encodeURIComponent

export const cloud = {
  logIn: async (login: string, password: string) =>
    ((await request('POST', '/api/login', { login, password })) as Schemas['LoginOut']).account,
  logOut: () => request('POST', '/api/logout'),
  me: async () => (await request('GET', '/api/me')) as Account,
  live: async () => (await request('GET', '/api/live')) as Schemas['LiveOut'],
  health: async () => (await request('GET', '/health')) as Health,
  operators: async () => ((await request('GET', '/api/operators')) as Schemas['OperatorList']).operators,
  acknowledgeLoss: (kind: 'batches' | 'quarantine', total: number, note: string) =>
    request('POST', `/api/losses/${kind}/acknowledge`, { total, note }),
  sites: async () => ((await request('GET', '/api/sites')) as Schemas['SiteList']).sites,
  map: async () => (await request('GET', '/api/map')) as Schemas['MapOut'],
  roads: async () => (await request('GET', '/api/roads')) as Roads,
  alarms: async (show: 'open' | 'all') => (await request('GET', `/api/alarms?show=${show}&limit=200`)) as Schemas['AlarmList'],
  acknowledgeAlarm: async (id: number, note: string) => (await request('POST', `/api/alarms/${id}/acknowledge`, { note })) as Alarm,
  closeAlarm: async (id: number, note: string) => (await request('POST', `/api/alarms/${id}/close`, { note })) as Alarm,
  touched: async (id: number) => (await request('GET', `/api/alarms/${id}/parcels`)) as Schemas['TouchedList'],
  sensorHealth: async (site: string) =>
    (await request('GET', `/api/sites/${part(site)}/sensor-health`)) as Schemas['SiteSensors'],
  quarantine: async () => ((await request('GET', '/api/quarantine?limit=100')) as Schemas['QuarantineList']).items,
  look: async (id: number) => (await request('GET', `/api/quarantine/${id}`)) as QuarantineOne,
  replay: async (id: number) => (await request('POST', `/api/quarantine/${id}/replay`)) as QuarantineOne,
  discard: async (id: number) => (await request('POST', `/api/quarantine/${id}/discard`)) as QuarantineOne,
  importCsv: async (operator: string, file: Blob) =>
    (await request('POST', `/api/operators/${part(operator)}/orders/csv`, file)) as ImportReport,
  orders: async (operator: string, q: string) =>
    ((await request('GET', `/api/operators/${part(operator)}/orders?limit=20&q=${part(q)}`)) as Schemas['OrderList']).orders,
  order: async (operator: string, externalId: string) =>
    (await request('GET', `/api/operators/${part(operator)}/orders/${part(externalId)}`)) as OrderOne,
  cancelOrder: async (operator: string, externalId: string, reason: string) =>
    (await request('POST', `/api/operators/${part(operator)}/orders/${part(externalId)}/cancel`, { reason })) as OrderOne,
  parcel: async (label: string) => (await request('GET', `/api/parcels/${part(label)}`)) as ParcelOne,
  parcelAccount: async (label: string) => (await request('GET', `/api/parcels/${part(label)}/cold-chain`)) as ParcelAccount,
  importColumns: async () => ((await request('GET', '/api/order-columns')) as Schemas['ColumnList']).columns,
  bookDates: async (operator: string) =>
    (await request('GET', `/api/operators/${part(operator)}/books/dates`)) as Schemas['DateList'],
  books: async (operator: string, date: string) =>
    (await request('GET', `/api/operators/${part(operator)}/books?date=${part(date)}`)) as Schemas['BooksOut'],
  trackers: async () => ((await request('GET', '/api/trackers')) as Schemas['TrackerList']).trackers,
  addTracker: async (wanted: Schemas['TrackerIn']) => (await request('POST', '/api/trackers', wanted)) as Enrolled,
  runs: async (day: string) => ((await request('GET', `/api/runs?day=${part(day)}`)) as Schemas['RunList']).runs,
  makeDriverLink: async (run: number) => (await request('POST', `/api/runs/${run}/driver-link`)) as DriverLink,
  takeBackDriverLinks: (run: number) => request('DELETE', `/api/runs/${run}/driver-link`),
  staff: async (site: string) => ((await request('GET', `/api/sites/${part(site)}/staff`)) as Schemas['StaffList']).staff,
  setStaff: async (site: string, staff: string, wanted: Schemas['StaffIn']) =>
    (await request('PUT', `/api/sites/${part(site)}/staff/${part(staff)}`, wanted)) as Staff,
  removeStaff: (site: string, staff: string) => request('DELETE', `/api/sites/${part(site)}/staff/${part(staff)}`),
  addSite: async (wanted: Schemas['SiteIn']) => (await request('POST', '/api/sites', wanted)) as Site,
  addSiteKey: async (site: string) => (await request('POST', `/api/sites/${part(site)}/credentials`, {})) as Schemas['CredentialOut'],
  takeBackSiteKeys: (site: string) => request('DELETE', `/api/sites/${part(site)}/credentials`),
  revokePickup: (operator: string, externalId: string) =>
    request('POST', `/api/operators/${part(operator)}/orders/${part(externalId)}/pickup/revoke`),
  leaders: async (operator: string) => ((await request('GET', `/api/operators/${part(operator)}/leaders`)) as Schemas['LeaderList']).leaders,
  putLeader: async (operator: string, id: string, wanted: Schemas['LeaderIn']) =>
    (await request('PUT', `/api/operators/${part(operator)}/leaders/${part(id)}`, wanted)) as Leader,
  makeLeaderLink: async (operator: string, id: string) =>
    (await request('POST', `/api/operators/${part(operator)}/leaders/${part(id)}/link`)) as LeaderLink,
  takeBackLeaderLinks: (operator: string, id: string) => request('DELETE', `/api/operators/${part(operator)}/leaders/${part(id)}/link`),
  leaderRules: async (operator: string) => (await request('GET', `/api/operators/${part(operator)}/leader-rules`)) as LeaderRules,
  setLeaderRules: async (operator: string, rules: LeaderRules) =>
    (await request('PUT', `/api/operators/${part(operator)}/leader-rules`, rules)) as LeaderRules,
  setGateNote: (site: string, note: string) => request('PUT', `/api/sites/${part(site)}/gate-note`, { gate_note: note }),
  revokeTracker: (id: number) => request('DELETE', `/api/trackers/${id}`),
  makeLink: async (operator: string, externalId: string) =>
    (await request('POST', `/api/operators/${part(operator)}/orders/${part(externalId)}/link`)) as LinkOut,
}
