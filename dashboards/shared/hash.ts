/** FNV-1a of a text, in 32 bits, as letters and digits: by which a phone finds what it keeps of a link that it must not write down. */
export function textHash(text: string): string {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  return hash.toString(36)
}
