/** Who is logged in here. The session lives in a cookie that no script can read. */

import { ref, type Ref } from 'vue'

import { type Account, cloud } from './api/cloud'
import { faultText } from './i18n/faults'

export interface Session {
  /** Undefined until the server has answered. */
  readonly account: Ref<Account | null | undefined>
  readonly fault: Ref<string>
  readonly logIn: (login: string, password: string) => Promise<void>
  readonly logOut: () => Promise<void>
}

export function useSession(): Session {
  const account = ref<Account | null | undefined>(undefined)
  const fault = ref('')

  cloud.me().then(
    (found) => (account.value = found),
    () => (account.value = null),
  )

  async function logIn(login: string, password: string): Promise<void> {
    fault.value = ''
    try {
      account.value = await cloud.logIn(login, password)
    } catch (error) {
      fault.value = faultText(error)
    }
  }

  async function logOut(): Promise<void> {
    try {
      await cloud.logOut()
      account.value = null
    } catch (error) {
      fault.value = faultText(error)
    }
  }

  return { account, fault, logIn, logOut }
}
