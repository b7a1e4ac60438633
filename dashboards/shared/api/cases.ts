/** After-sales cases by REST, for the operator's people and the stations'. */

import { request } from './http'
import type { components } from './schema'

type Schemas = components['schemas']
export type CaseRow = Schemas['CaseRow']
export type CaseOne = Schemas['CaseOut']
export type CaseAction = Schemas['ActionIn']
export type NewCase = Schemas['CaseIn']
export type Item = Schemas['Item']

const part = encodeURIComponent

export const cases = {
  list: async (state: 'open' | 'over' | 'all') => ((await request('GET', `/api/cases?state=${state}`)) as Schemas['CaseList']).cases,
  look: async (id: number) => (await request('GET', `/api/cases/${id}`)) as CaseOne,
  act: async (id: number, said: CaseAction) => (await request('POST', `/api/cases/${id}/actions`, said)) as CaseOne,
  open: async (said: NewCase) => (await request('POST', '/api/cases', said)) as CaseOne,
  items: async (operator: string, order: string) =>
    ((await request('GET', `/api/operators/${part(operator)}/orders/${part(order)}/items`)) as Schemas['ItemList']).items,
  undo: async (id: number, event: string, reason: string) =>
    (await request('POST', `/api/cases/${id}/undo`, { event, reason })) as Schemas['CommandOut'],
  command: async (site: string, id: string) =>
    (await request('GET', `/api/sites/${part(site)}/commands/${part(id)}`)) as Schemas['CommandOut'],
  rules: async (operator: string) =>
    ((await request('GET', `/api/operators/${part(operator)}/case-rules`)) as Schemas['CaseRules']).refunds_at_once,
  setRules: async (operator: string, refunds: Schemas['CaseRules']['refunds_at_once']) =>
    ((await request('PUT', `/api/operators/${part(operator)}/case-rules`, { refunds_at_once: refunds })) as Schemas['CaseRules'])
      .refunds_at_once,
}
