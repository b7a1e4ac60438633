/**
 * Words in two languages, zh-CN first. Keys and their {parameters} are checked by the compiler: English must have every key,
 * and a text with parameters cannot be asked for without them. Each app brings its own words, so that it carries no other's.
 */

import { ref, watchEffect } from 'vue'

import { fill } from './fill'

export type Language = 'zh' | 'en'

const KEPT_AS = 'tt-language'

export const language = ref<Language>(choose())

watchEffect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
})

export function setLanguage(next: Language): void {
  language.value = next
  try {
    localStorage.setItem(KEPT_AS, next)
  } catch {
    // private mode: the choice lasts as long as the page
  }
}

function choose(): Language {
  const asked = new URLSearchParams(location.search).get('lang')
  if (asked === 'zh' || asked === 'en') return asked
  try {
    return localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh'
  }
}

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Values<S extends string> = [Names<S>] extends [never] ? [] : [Readonly<Record<Names<S>, string | number>>]

export type Texts<Zh extends Readonly<Record<string, string>>> = <Key extends keyof Zh & string>(
  key: Key,
  ...values: Values<Zh[Key]>
) => string

/** Makes an app's `t`. Reading it in a template follows the switch. */
export function texts<const Zh extends Readonly<Record<string, string>>>(
  zh: Zh,
  en: Readonly<Record<keyof Zh, string>>,
): Texts<Zh> {
  return (key, ...values) => fill(language.value === 'zh' ? zh[key] ?? '' : en[key], values[0] ?? {})
}
