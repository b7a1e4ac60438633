import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const page = (name: string): string => fileURLToPath(new URL(`./${name}.html`, import.meta.url))

// One HTML entry per app; each loads only what it uses. Served from `/` by the cloud, and pickup.html by the Pi.
export default defineConfig({
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    target: ['es2019', 'chrome78', 'safari13'], // the oldest WebViews that still open residents' links
    cssTarget: ['chrome78', 'safari13'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 2048,
    rollupOptions: {
      input: {
        index: page('index'),
        town: page('town'),
        residents: page('residents'),
        pickup: page('pickup'),
        dock: page('dock'),
        cabinet: page('cabinet'),
        ops: page('ops'),
        dispatch: page('dispatch'),
        driver: page('driver'),
        leaders: page('leaders'),
      },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
