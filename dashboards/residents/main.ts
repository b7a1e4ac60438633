import '../shared/tokens.css'

import { createApp, h } from 'vue'

import { keepPageForOffline } from '../shared/offline'
import ProxyPage from './ProxyPage.vue'
import ResidentPage from './ResidentPage.vue'

const [, kind, part] = /^\/([op])\/([^/]+)\/?$/.exec(location.pathname) ?? ['', 'o', '']
const said = decodeURIComponent(part)

createApp({ render: () => (kind === 'p' ? h(ProxyPage, { link: said }) : h(ResidentPage, { token: said })) }).mount('#app')
keepPageForOffline('/residents-worker.js', '/o/')
