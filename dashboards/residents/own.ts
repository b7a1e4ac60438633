/** What a resident asks of the cloud about their own order: code and QR, who may come instead, reports. By the link and the last four. */

import { request } from '../shared/api/http'
import type { components } from '../shared/api/schema'

type Schemas = components['schemas']
export type Pickup = Schemas['PickupOut']
export type NewProxy = Schemas['NewProxyOut']
export type ProxyView = Schemas['ProxyView']
export type OwnCase = Schemas['OwnCase']
export type OwnCaseOut = Schemas['OwnCaseOut']
export type OwnCases = Schemas['OwnCases']
export type Item = Schemas['Item']

const PHOTOS_PATIENCE_MS = 90_000 // three photographs over a village's mobile network
const part = encodeURIComponent

export interface Report {
  readonly parcel: string
  readonly sku: string
  readonly problem: string
  readonly quantity: number
  readonly text: string
}

export const own = {
  pickup: async (token: string, tail: string) => (await request('POST', `/api/links/${part(token)}/pickup`, { tail })) as Pickup,
  sendProxy: async (token: string, tail: string) => (await request('POST', `/api/links/${part(token)}/proxies`, { tail })) as NewProxy,
  revokeProxy: (token: string, tail: string, proxy: string) =>
    request('POST', `/api/links/${part(token)}/proxies/${part(proxy)}/revoke`, { tail }),
  proxy: async (link: string) => (await request('GET', `/api/proxies/${part(link)}`)) as ProxyView,
  cases: async (token: string) => (await request('GET', `/api/links/${part(token)}/cases`)) as OwnCases,
  casesWithWords: async (token: string, tail: string) =>
    ((await request('POST', `/api/links/${part(token)}/cases/look`, { tail })) as Schemas['OwnCasesOut']).cases,
  report: async (token: string, tail: string, said: Report, photos: readonly Blob[]) => {
    const form = new FormData()
    form.set('tail', tail)
    for (const [name, value] of Object.entries(said)) form.set(name, String(value))
    add(form, photos)
    return (await request('POST', `/api/links/${part(token)}/cases`, form, PHOTOS_PATIENCE_MS)) as OwnCaseOut
  },
  evidence: async (token: string, tail: string, id: number, text: string, photos: readonly Blob[]) => {
    const form = new FormData()
    form.set('tail', tail)
    form.set('text', text)
    add(form, photos)
    return (await request('POST', `/api/links/${part(token)}/cases/${id}/evidence`, form, PHOTOS_PATIENCE_MS)) as OwnCaseOut
  },
}

function add(form: FormData, photos: readonly Blob[]): void {
  photos.forEach((photo, index) => {
    form.append('photos', photo, `${index}.jpg`)
  })
}
