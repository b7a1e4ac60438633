import '../shared/tokens.css'

import { createApp } from 'vue'

import CabinetPage from './CabinetPage.vue'

createApp(CabinetPage).mount('#app')
