import '../shared/tokens.css'

import { createApp } from 'vue'

import OpsPage from './OpsPage.vue'

createApp(OpsPage).mount('#app')
