/** What is known of a resident, by REST: given out, erased, and the record of it. */

import { request } from './http'
import type { components } from './schema'

type Schemas = components['schemas']
export type Erasure = Schemas['ErasureOut']

const of = (operator: string): string => `/api/operators/${encodeURIComponent(operator)}`

export const privacy = {
  export: async (operator: string, phone: string) =>
    (await request('POST', `${of(operator)}/residents/export`, { phone })) as Schemas['Export'],
  erase: async (operator: string, phone: string, reason: string) =>
    (await request('POST', `${of(operator)}/residents/erase`, { phone, reason })) as Schemas['ErasedOut'],
  erasures: async (operator: string) => ((await request('GET', `${of(operator)}/erasures`)) as Schemas['ErasureList']).erasures,
}
