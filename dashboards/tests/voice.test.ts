import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { describe, expect, it, vi } from 'vitest'

import type { Language } from '../shared/i18n/text'

type Table = Readonly<Record<string, string>>

const chosen = vi.hoisted((): { value: Language; tables: string[][] } => ({ value: 'zh', tables: [] }))
vi.mock('../shared/i18n/text', async () => {
  const { fill } = await import('../shared/i18n/fill')
  return {
    language: chosen,
    texts: (zh: Table, en: Table) => {
      chosen.tables.push(Object.keys(zh))
      return (key: string, values?: Record<string, string | number>) => fill((chosen.value === 'zh' ? zh : en)[key] ?? '', values ?? {})
    },
  }
})

import { spoken as spokenAtDock } from '../dock/words'
import { spoken } from '../pickup/act_words'
import { madeScan } from '../shared/agent/agent'
import type { Alarm } from '../shared/agent/cold'
import { alarmSpoken } from '../shared/agent/cold_words'
import { CLIPS, hasClip } from '../shared/agent/voice/clips'
import { type Amount, codeOf, numberOf, type Reading, readingOf, type Sentence, textOf } from '../shared/agent/voice/sentence'

const LANGUAGES: readonly Language[] = ['zh', 'en']
const AT_MS = Date.parse('2026-11-28T20:00:00+08:00')
const used: Record<Language, Set<string>> = { zh: new Set(), en: new Set() }
const path = (name: string): string => fileURLToPath(new URL(`../shared/agent/voice/${name}`, import.meta.url))

function read(sentence: Sentence, language: Language): Reading {
  const reading = readingOf(sentence, language, (clip) => hasClip(language, clip))
  for (const clip of reading.breaths.flat()) used[language].add(clip)
  return reading
}

const amount = (count: number, of: number, isInGrams = false): Amount => ({ count, of, isInGrams, text: '' })
const plainly = (line: string): Sentence => ({ line, plain: '', place: '', amount: null })
/** The keys of a kind that are one word: those with spaces are remarks, which stand on the screen only. */
const keysOf = (kind: string, tables: readonly (readonly string[])[] = chosen.tables): readonly string[] =>
  tables.flat().filter((key) => key.startsWith(`${kind}.`) && !/[ .]/.test(key.slice(kind.length + 1))).map((key) => key.slice(kind.length + 1))
const stationsOwn = (): readonly (readonly string[])[] => chosen.tables.filter((keys) => keys.includes('mode.trouble'))

/** Every line that a page can say with no name in it: the agents' words are all in these tables (tests/e2e/test_words.py). */
function everyLine(): readonly Sentence[] {
  const lines = [
    ...keysOf('word').flatMap((word) => [spoken(madeScan({ word })), spokenAtDock(madeScan({ word }))]),
    ...keysOf('why').filter((detail) => detail !== 'not_kept').map((detail) => spoken(madeScan({ word: 'refused', detail }))),
    ...keysOf('scan', stationsOwn()).map((kind) => spoken(madeScan({ kind }))),
    spoken(madeScan({ undone: true, word: 'shelved', slot: 'A12' })),
    spokenAtDock(madeScan({ kind: 'failed' })),
    ...['cancelled', 'unknown', ''].map((why) => spoken(madeScan({ word: 'received_surplus', other: { why } }))),
    spoken(madeScan({ word: 'received_early', at_ms: AT_MS, other: { why: 'later', day: '2026-11-29' } })),
    spoken(madeScan({ word: 'refused', detail: 'not_yet', at_ms: AT_MS, other: { why: 'later', day: '2026-11-29' } })),
  ]
  return lines.filter(({ line }) => line !== '') // a word of the other page
}

/** Lines with a station's name, a date or a thermometer's name in them. */
function everyNamedLine(): readonly Sentence[] {
  const rules: readonly Alarm['rule'][] = ['high', 'low', 'door_open', 'silent', 'stuck']
  return [
    spoken(madeScan({ word: 'received_surplus', at_ms: AT_MS, other: { why: 'elsewhere', station: '东门店' } })),
    spoken(madeScan({ word: 'received_early', at_ms: AT_MS, other: { why: 'later', day: '2026-12-02' } })),
    spoken(madeScan({ word: 'refused', detail: 'not_yet', at_ms: AT_MS, other: { why: 'later', day: '2026-12-02' } })),
    ...rules.map((rule) => alarmSpoken({ rule } as Alarm, 'fridge-1')),
  ]
}

describe.each(LANGUAGES)('the voice in %s', (language) => {
  it('has a clip for every line that a page can say', () => {
    chosen.value = language
    const lines = everyLine()
    expect(lines.length).toBeGreaterThan(170)
    const without = lines.filter((line) => !read(line, language).isWhole).map(({ line }) => line)
    expect(without, 'add them to readings-*.txt and run render.py').toEqual([])
  })

  it('says a line with a name in it more plainly, and that it does', () => {
    chosen.value = language
    for (const line of everyNamedLine()) {
      const { breaths, isWhole } = read(line, language)
      expect(isWhole, line.line).toBe(false)
      expect(breaths, line.line).not.toEqual([])
    }
  })

  it('has clips for every number and every letter', () => {
    for (let n = 0; n < 100_000; n += n < 1000 ? 1 : 77) {
      const place = n < 1000 ? `${n}` : ''
      const { breaths } = read({ ...plainly(''), place, amount: amount(n, n, n % 2 === 0) }, language)
      expect(breaths.length - (place === '' ? 0 : 1)).toBe(language === 'zh' ? 2 : 1)
    }
    for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')) {
      expect(read({ ...plainly(''), place: `${letter}07` }, language).breaths).toHaveLength(1)
    }
  })

  it('carries no clip that nothing says, and all that were to be rendered', () => {
    expect(Object.keys(CLIPS[language]).filter((clip) => !used[language].has(clip))).toEqual([])
    const rows = readFileSync(path(`readings-${language}.txt`), 'utf-8').split('\n').filter((row) => row !== '' && !row.startsWith('#'))
    expect(rows.map((row) => row.split(/\s+=\s+/)[0])).toEqual(Object.keys(CLIPS[language]))
  })

  it('keeps its clips apart in the file, so that none is heard in another', () => {
    let end = 0
    for (const [clip, [start = 0, length = 0]] of Object.entries(CLIPS[language])) {
      expect(start - end, clip).toBeGreaterThan(0.07)
      expect(length, clip).toBeGreaterThan(0.1)
      end = start + length
    }
  })
})

describe('a sentence', () => {
  const has = (language: Language) => (clip: string) => hasClip(language, clip)

  it('is said as staff say it: the shelf as letters and a number, long or padded ones digit by digit', () => {
    const sentence: Sentence = { line: '清单外，已签收', plain: '', place: 'A12', amount: amount(28, 130) }
    expect(readingOf(sentence, 'zh', has('zh'))).toEqual({
      breaths: [['清单外'], ['已签收'], ['A', '十', '二'], ['二十', '八'], ['共', '一百', '三十']],
      isWhole: true,
    })
    expect(codeOf('A105', 'zh')).toEqual([['A', '幺', '零', '五']])
    expect(codeOf('A07', 'zh')).toEqual([['A', '零', '七']])
    expect(codeOf('b-20', 'en')).toEqual([['B', 'twenty']])
    expect(codeOf('A105', 'en')).toEqual([['A', 'one', 'zero', 'five']])
    expect(readingOf({ ...plainly('Found, received'), place: 'A1 B2' }, 'en', has('en')).breaths).toEqual([['found'], ['received'], ['A', 'one'], ['B', 'two']])
  })

  it('reads numbers as people do', () => {
    const zh = (n: number): string | undefined => numberOf(n, 'zh')?.join('')
    expect([0, 7, 10, 12, 20, 99, 100, 102, 110, 112, 250].map(zh)).toEqual(
      ['零', '七', '十', '十二', '二十', '九十九', '一百', '一百零二', '一百一十', '一百一十二', '二百五十'],
    )
    expect([1000, 2000, 4735, 4005, 1010, 10_050, 12_000, 22_222, 20_002].map(zh)).toEqual(
      ['一千', '两千', '四千七百三十五', '四千零五', '一千零一十', '一万零五十', '一万二千', '两万二千二百二十二', '两万零二'],
    )
    expect(numberOf(12_040, 'en')?.join(' ')).toBe('twelve thousand forty')
    expect([0, 13, 40, 42, 101, 999].map((n) => numberOf(n, 'en')?.join(' '))).toEqual(
      ['zero', 'thirteen', 'forty', 'forty two', 'one hundred one', 'nine hundred ninety nine'],
    )
    expect([-1, 1.5, 100_000].map((n) => numberOf(n, 'zh'))).toEqual([null, null, null])
  })

  it('leaves out what is no code, and says that it is not whole', () => {
    const named: Sentence = { ...plainly('已上架'), place: '左边冰柜 FRIDGE A3' }
    expect(readingOf(named, 'zh', has('zh'))).toEqual({ breaths: [['已上架'], ['A', '三']], isWhole: false })
    const many: Sentence = { ...plainly('已点'), amount: amount(1, 100_000) }
    expect(readingOf(many, 'zh', has('zh'))).toEqual({ breaths: [['已点']], isWhole: false })
    expect(readingOf(plainly('已上架'), 'zh', () => false)).toEqual({ breaths: [], isWhole: false })
  })

  it('is one text for a voice that reads texts', () => {
    chosen.value = 'zh'
    expect(textOf(spoken(madeScan({ word: 'shelved', slot: 'A12', count: 2, of: 3 })))).toBe('已上架，A 12，2，共 3')
    const weighed = spoken(madeScan({ word: 'underweight', count: 470, of: 500 }))
    expect(textOf(weighed)).toBe('重量不足，470 克，标重 500 克')
    expect(read(weighed, 'zh')).toEqual({ breaths: [['重量不足'], ['四百', '七十', '克'], ['标重', '五百', '克']], isWhole: true })
  })
})

describe('the files', () => {
  it('are small enough for a Pi to give to every page', () => {
    const bytes = LANGUAGES.map((language) => statSync(path(`clips-${language}.webm`)).size)
    expect(bytes.reduce((sum, one) => sum + one)).toBeLessThan(400 * 1024)
  })
})
