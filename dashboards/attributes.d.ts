// What a page marks its own elements with, to find them again.
declare module '@vue/runtime-dom' {
  // eslint-disable-next-line @typescript-eslint/consistent-indexed-object-style -- merged into an interface, which a record cannot be
  interface HTMLAttributes {
    [marked: `data-${string}`]: string | undefined
  }
}

export {}
