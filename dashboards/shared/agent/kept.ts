/** What a page remembers over a reload, in this tab only. */

import { ref, type Ref, watch } from 'vue'

export function useKept(name: string): Ref<string> {
  const kept = ref(read(name))
  watch(kept, (value) => {
    try {
      if (value === '') sessionStorage.removeItem(name)
      else sessionStorage.setItem(name, value)
    } catch {
      // private mode: it lasts as long as the page
    }
  })
  return kept
}

function read(name: string): string {
  try {
    return sessionStorage.getItem(name) ?? ''
  } catch {
    return ''
  }
}
