/** Batches, plans, labels and commands by REST, for the operator's planners. */

import { request, requestFile } from './http'
import type { components } from './schema'

type Schemas = components['schemas']
export type Batch = Schemas['BatchOut']
export type Pick = Schemas['PickOut']
export type Allocation = Schemas['AllocationOut']
export type SortWall = Schemas['SortWall']
export type PlannedContainer = Schemas['PlannedContainer']
export type LoadingList = Schemas['LoadingList']
export type Route = Schemas['RouteIn']
export type PackModes = Schemas['PackModes']
export type Labels = Schemas['LabelsIn']
export type RefusedLabel = Schemas['RefusedLabel']
export type Limits = Schemas['LimitsForm']
export type Article = Schemas['ArticleIn']
export type CommandIn = Schemas['CommandIn']
export type Command = Schemas['CommandOut']

const part = encodeURIComponent
const batch = (operator: string, date: string): string => `/api/operators/${part(operator)}/batches/${part(date)}`

export const planning = {
  batches: async (operator: string) =>
    ((await request('GET', `/api/operators/${part(operator)}/batches`)) as Schemas['BatchList']).batches,
  freeze: async (operator: string, date: string, early: boolean) =>
    (await request('POST', `${batch(operator, date)}/freeze`, { early })) as Batch,
  picks: async (operator: string, date: string) =>
    ((await request('GET', `${batch(operator, date)}/pick-list`)) as Schemas['PickList']).picks,
  allocate: async (operator: string, date: string, stock: Schemas['StockIn'][]) =>
    (await request('POST', `${batch(operator, date)}/allocation`, { stock })) as Allocation,
  plan: async (operator: string, date: string, routes: Route[]) =>
    (await request('POST', `${batch(operator, date)}/plan`, { routes })) as SortWall,
  sortWall: async (operator: string, date: string) => (await request('GET', `${batch(operator, date)}/sort-wall`)) as SortWall,
  loadingList: async (operator: string, date: string, run: string) =>
    (await request('GET', `${batch(operator, date)}/loading-list/${part(run)}`)) as LoadingList,
  packModes: async (operator: string) => (await request('GET', `/api/operators/${part(operator)}/pack-modes`)) as PackModes,
  setPackModes: async (operator: string, modes: PackModes) =>
    (await request('PUT', `/api/operators/${part(operator)}/pack-modes`, modes)) as PackModes,
  labels: (wanted: Labels) => requestFile('POST', '/api/labels', wanted),
  checkLabels: async (wanted: Labels) => (await request('POST', '/api/labels/check', wanted)) as Schemas['LabelsChecked'],
  newContainers: async (operator: string, count: number) =>
    ((await request('POST', `/api/operators/${part(operator)}/containers`, { count })) as Schemas['NewContainersOut']).labels,
  limits: async (operator: string) => (await request('GET', `/api/operators/${part(operator)}/goods-limits`)) as Schemas['GoodsOut'],
  setLimits: async (operator: string, limits: Record<string, Limits>) =>
    (await request('PUT', `/api/operators/${part(operator)}/goods-limits`, { limits })) as Schemas['GoodsOut'],
  article: async (operator: string, sku: string) =>
    (await request('GET', `/api/operators/${part(operator)}/articles/${part(sku)}`)) as Article,
  setArticle: async (operator: string, article: Article) =>
    (await request('PUT', `/api/operators/${part(operator)}/articles`, { articles: [article] })) as Schemas['ArticlesForm'],
  dockStations: async (site: string) => ((await request('GET', `/api/sites/${part(site)}/stations`)) as Schemas['DockStations']).stations,
  setDockStations: async (site: string, stations: string[]) =>
    ((await request('PUT', `/api/sites/${part(site)}/stations`, { stations })) as Schemas['DockStations']).stations,
  command: async (site: string, wanted: CommandIn) => (await request('POST', `/api/sites/${part(site)}/commands`, wanted)) as Command,
  commands: async (site: string) => ((await request('GET', `/api/sites/${part(site)}/commands`)) as Schemas['CommandList']).commands,
}

/** Give a file to whoever sits there. Works without TLS. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(url)
  }, 60_000) // a browser that asks where to keep it reads it later
}
