/** What somebody read off the scales, and what it is held against; the same sum as the agent's (edge/station/arrivals.py). */

export type Unit = 'g' | 'kg'

const MOST_G = 10_000_000 // what the agent takes at most

/** Whole grams; null: that is no weight. Scales and keyboards write a comma, and full-width digits come from Chinese ones. */
export function readGrams(typed: string, unit: Unit): number | null {
  const text = typed.normalize('NFKC').replace(',', '.').trim()
  if (!/^\d{1,8}(\.\d{1,3})?$/.test(text)) return null
  const grams = Math.round(Number(text) * (unit === 'kg' ? 1000 : 1))
  return grams > 0 && grams <= MOST_G ? grams : null
}

/** The least that so many grams may weigh. */
export function leastGrams(declaredG: number, tolerance: number): number {
  return Math.ceil(declaredG * (1 - tolerance))
}

/** Kilograms typed as grams, or the scales' tray with them: ask again rather than open a case for it. */
export function isUnlikely(grams: number, declaredG: number): boolean {
  return grams * 10 < declaredG || grams > declaredG * 10
}
