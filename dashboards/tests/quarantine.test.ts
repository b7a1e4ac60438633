import { beforeEach, describe, expect, it, vi } from 'vitest'

const spoken = vi.hoisted(() => ({ value: 'zh' }))
vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: spoken,
    texts:
      (zh: Record<string, string>, en: Record<string, string>) =>
      (key: string, values: Record<string, string | number> = {}) =>
        fill((spoken.value === 'zh' ? zh : en)[key] ?? '', values),
  }
})

import { readFileSync } from 'node:fs'

import { detailText, outcomeText } from '../ops/words'

// As cloud/ingest/relations.py says it: if it says it otherwise, the page shows English again.
const server = /"(relation: \{site\}.*)"/.exec(readFileSync('../cloud/ingest/relations.py', 'utf-8'))?.[1] ?? ''
const detail = server.replace(/\{site\}/g, 'st-0054').replace(/\{operator\}/g, 'tuantu-demo')

beforeEach(() => {
  spoken.value = 'zh'
})

describe('a message of a site that does not serve the operator', () => {
  it('is told of in the reader’s language', () => {
    expect(detail).toContain('st-0054 does not serve tuantu-demo')
    expect(detailText(detail)).toBe('st-0054 没有登记为 tuantu-demo 服务（登记：POST /api/sites/st-0054/operators）')
    expect(outcomeText(`still refused: relation: ${detail}`)).toBe(`仍不能入账：${detailText(detail)}`)
    spoken.value = 'en'
    expect(detailText(detail)).toContain('st-0054 does not serve tuantu-demo (to relate them')
  })

  it('and what this page has no words for is shown as it came', () => {
    expect(detailText('payload: truncated')).toBe('payload: truncated')
    expect(outcomeText('still refused: payload: truncated')).toBe('仍不能入账：payload: truncated')
    expect(outcomeText('something new')).toBe('something new')
  })
})
