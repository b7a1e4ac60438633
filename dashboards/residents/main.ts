import '../shared/tokens.css'

import { createApp } from 'vue'

import { keepPageForOffline } from './offline'
import ResidentPage from './ResidentPage.vue'

const token = decodeURIComponent(/^\/o\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? '')

createApp(ResidentPage, { token }).mount('#app')
keepPageForOffline()
