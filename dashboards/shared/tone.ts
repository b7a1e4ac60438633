/** The few colours a state may have; always beside its word, never instead of it. */
export type Tone = 'go' | 'move' | 'wait' | 'warn' | 'stop'
