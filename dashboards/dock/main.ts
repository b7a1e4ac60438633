import '../shared/tokens.css'

import { createApp } from 'vue'

import DockPage from './DockPage.vue'

createApp(DockPage).mount('#app')
