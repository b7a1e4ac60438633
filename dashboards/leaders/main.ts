import '../shared/tokens.css'
import './leaders.css'

import { createApp, h } from 'vue'

import { keepPageForOffline } from '../shared/offline'
import LeaderPage from './LeaderPage.vue'

const [, token] = /^\/g\/([^/]+)\/?$/.exec(location.pathname) ?? ['', '']

createApp({ render: () => h(LeaderPage, { token: decodeURIComponent(token) }) }).mount('#app')
keepPageForOffline('/residents-worker.js?leader', '/g/')
