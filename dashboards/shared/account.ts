/** Who is logged in here. The session lives in a cookie that no script can read. */

import { ref, type Ref } from 'vue'

import { type Account, cloud } from './api/cloud'
import { Refused } from './api/http'
import { loginText } from './i18n/login'

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

/** What went wrong and what to do, in the server's words where it has said any. */
export function faultText(error: unknown): string {
  if (!(error instanceof Refused)) return loginText('unreachable')
  return error.remedy === '' ? error.message : `${error.message}. ${error.remedy}`
}
