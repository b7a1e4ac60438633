import '../shared/tokens.css'

import { createApp, h } from 'vue'

import { keepPageForOffline } from '../shared/offline'
import DriverPage from './DriverPage.vue'

const [, token] = /^\/d\/([^/]+)\/?$/.exec(location.pathname) ?? ['', '']

createApp({ render: () => h(DriverPage, { token: decodeURIComponent(token) }) }).mount('#app')
keepPageForOffline('/residents-worker.js?driver', '/d/')
