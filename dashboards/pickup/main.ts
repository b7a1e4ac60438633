import '../shared/tokens.css'

import { createApp } from 'vue'

import PickupPage from './PickupPage.vue'

createApp(PickupPage).mount('#app')
