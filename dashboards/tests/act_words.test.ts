import { describe, expect, it, vi } from 'vitest'

vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: { value: 'zh' },
    texts: (zh: Record<string, string>) => (key: string, values?: Record<string, string | number>) => fill(zh[key] ?? '', values ?? {}),
  }
})

import { headline, particulars, spoken } from '../pickup/act_words'
import { madeScan } from '../shared/agent/agent'
import { PATTERNS, tonesOf } from '../shared/agent/sound'
import { refusal, toneOf } from '../shared/agent/said'
import { Refused } from '../shared/api/http'

const nameOf = (id: string): string => (id === 'staff-1' ? '陈姐' : id)
const refused = (code: string): Refused =>
  new Refused(409, { field: '', message: 'said in English', remedy: '', code, params: {} })

describe('a result', () => {
  it('is read from afar by its exact word, a refusal by its reason', () => {
    expect(headline(madeScan({ kind: 'received', word: 'received_surplus' }))).toBe('不在本站清单上')
    expect(headline(madeScan({ kind: 'refused', word: 'refused', detail: 'expired' }))).toBe('提货凭证已过期')
    expect(headline(madeScan({ kind: 'released', word: 'released', undone: true }))).toBe('已撤销')
    expect(headline(madeScan({ kind: 'received', word: 'from_the_future' }))).toBe('已入库')
  })

  it('says whose a parcel is that is none of the day’s, and what is to be done with it', () => {
    const at_ms = Date.parse('2026-11-28T20:00:00+08:00')
    const later = { why: 'later', station: '', day: '2026-11-29' }
    const east = { why: 'elsewhere', station: '东门店', day: '' }
    const early = madeScan({ word: 'received_early', at_ms, other: later })
    expect([headline(early), particulars(early, nameOf)]).toEqual(['明天的包裹', '先单独放好，到那天再交付'])
    expect(headline(madeScan({ word: 'refused', detail: 'not_yet', at_ms, other: later }))).toBe('明天才可提货')
    expect(headline(madeScan({ word: 'refused', detail: 'not_yet', at_ms, other: { ...later, day: '2026-12-02' } }))).toMatch(/^12月2日 .*才可提货$/)
    const lost = madeScan({ word: 'received_surplus', at_ms, other: east })
    expect([headline(lost), particulars(lost, nameOf)]).toEqual(['东门店的包裹', '放到一边，交给下一趟车转送'])
    expect(spoken(lost)).toMatchObject({ line: '东门店的包裹', plain: '别站的包裹' })
    expect(spoken({ ...lost, isUndone: true })).toMatchObject({ line: '已撤销', plain: '' })
    expect(particulars(madeScan({ word: 'received_surplus', at_ms }), nameOf)).toContain('联网后这里会告诉您是谁的')
    const refused = madeScan({ word: 'refused', detail: 'wrong_site', at_ms, other: east })
    expect([headline(refused), particulars(refused, nameOf)]).toEqual(['非本站', '东门店的包裹'])
    expect(headline(madeScan({ word: 'received_surplus', at_ms, other: { why: 'from_the_future' } }))).toBe('不在本站清单上')
  })

  it('says more where there is more: a problem, a zone, a person', () => {
    expect(particulars(madeScan({ word: 'disposed', detail: 'expired' }), nameOf)).toBe('过期')
    expect(particulars(madeScan({ word: 'wrong_zone', detail: 'chilled' }), nameOf)).toBe('冷藏')
    expect(particulars(madeScan({ word: 'logged_in', detail: 'staff-1' }), nameOf)).toBe('陈姐')
    expect(particulars(madeScan({ word: 'locked_out', detail: 'unknown_code' }), nameOf)).toBe('没有这个提货码')
    expect(particulars(madeScan({ word: 'refused', detail: 'revoked' }), nameOf)).toBe('')
    expect(headline(madeScan({ word: 'refused', detail: 'too_warm' }))).toBe('超温或变质，先别交付')
    expect(particulars(madeScan({ word: 'refused', detail: 'too_warm' }), nameOf)).toContain('先告知本人')
    expect(particulars(madeScan({ kind: 'failed' }), nameOf)).toBe('没有登记，请再扫一次')
    expect(particulars(madeScan({ kind: 'failed', word: 'cell_uncertain' }), nameOf)).toContain('看一看门')
  })

  it('says when and by what it was handed out before, with the day where that was another', () => {
    const gone = { word: 'refused', detail: 'already_released', at_ms: 1_795_338_000_000, gone_ms: 1_795_338_720_000, gone_how: 'code' }
    expect(headline(madeScan(gone))).toBe('已经出库')
    expect(particulars(madeScan(gone), nameOf)).toBe('17:12 出库，凭提货码')
    expect(particulars(madeScan({ ...gone, gone_ms: gone.gone_ms - 86_400_000, gone_how: '' }), nameOf)).toMatch(/^11月21日 .*17:12 出库$/)
  })

  it('is spoken with its shelf, and with how many of how many', () => {
    expect(spoken(madeScan({ kind: 'received', word: 'received' }), 'A12')).toMatchObject({ line: '已入库', place: 'A12' })
    expect(spoken(madeScan({ word: 'counted_short', count: 28, of: 30 }))).toMatchObject({ line: '清点有缺', amount: { count: 28, of: 30 } })
    expect(spoken(madeScan({ word: 'shelved', slot: 'A12', undone: true }))).toEqual({ line: '已撤销', plain: '', place: '', amount: null })
  })

  it('warns where somebody has to look, also where it was booked', () => {
    expect(toneOf(madeScan({ kind: 'booked', sound: 'attention' }))).toBe('warn')
    expect(toneOf(madeScan({ kind: 'refused', sound: 'refused' }))).toBe('stop')
  })
})

describe('a refusal of the agent', () => {
  it('is said by its code, and as it came where there is no word for it', () => {
    expect(refusal(refused('no_question'))).toBe('这次查询已过期，请重新扫码')
    expect(refusal(refused('from_the_future'))).toBe('没有办成（said in English）')
    expect(refusal(new TypeError('no network'))).toBe('本机程序没有应答，没有登记')
  })
})

describe('a refusal', () => {
  const heard = (word: string, detail = ''): string => JSON.stringify(tonesOf(madeScan({ sound: 'refused', word, detail })))

  it('has its own sound for each reason that staff answer differently', () => {
    const reasons = ['wrong_site', 'expired', 'revoked', 'already_released', 'unknown_code', 'other_operator', 'not_ready', 'wrong_parcel', 'bad_signature', 'too_warm']
    const all = [
      ...reasons.map((reason) => heard('refused', reason)),
      heard('locked_out', 'unknown_code'),
      heard('wrong_zone', 'chilled'),
      heard('from_the_future'),
      ...Object.values(PATTERNS).map((tones) => JSON.stringify(tones)),
    ]
    const plain = all.filter((one, at) => all.indexOf(one) !== at)
    expect(plain).toEqual([JSON.stringify(PATTERNS['refused'])]) // what this page does not know is a refusal all the same
  })

  it('sounds the same wherever the same was found out', () => {
    expect(heard('handed_out_before')).toBe(heard('refused', 'already_released'))
    expect(heard('not_here')).toBe(heard('refused', 'wrong_site'))
    expect(tonesOf(madeScan({ sound: '' }))).toEqual([])
  })
})

describe('sounds', () => {
  it('are told apart without looking: no two patterns are alike', () => {
    const heard = Object.values(PATTERNS).map((tones) => JSON.stringify(tones))
    expect(new Set(heard).size).toBe(heard.length)
    for (const sound of ['ok', 'attention', 'duplicate', 'refused', 'unknown', 'error', 'identify']) {
      expect(PATTERNS[sound]).toBeDefined()
    }
  })
})
