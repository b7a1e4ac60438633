import '../shared/tokens.css'

import { createApp } from 'vue'

import DispatchPage from './DispatchPage.vue'

createApp(DispatchPage).mount('#app')
