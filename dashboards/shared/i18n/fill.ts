/** Puts values into texts. Pure. */

/** `{n}` is the value; `{n?parcel|parcels}` is the first where n is 1, else the second. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)(?:\?([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, many?: string) => {
    const value = values[name]
    if (one === undefined) return String(value ?? '')
    return Number(value) === 1 ? one : (many ?? '')
  })
}
