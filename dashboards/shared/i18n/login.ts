/** Words of logging in. */

import { texts } from './text'

const zh = {
  heading: '登录',
  login: '账号',
  password: '密码',
  do: '登录',
  out: '退出',
  'role.admin': '管理员',
  'role.dispatcher': '调度员',
  'role.leader': '团长',
  'role.staff': '店员',
  unreachable: '连不上服务器，请检查网络后再试',
} as const

const en: Record<keyof typeof zh, string> = {
  heading: 'Log in',
  login: 'Log-in',
  password: 'Password',
  do: 'Log in',
  out: 'Log out',
  'role.admin': 'Administrator',
  'role.dispatcher': 'Dispatcher',
  'role.leader': 'Leader',
  'role.staff': 'Staff',
  unreachable: 'The server cannot be reached. Check the network and try again',
}

export const loginText = texts(zh, en)

export function roleWord(role: string): string {
  const key = `role.${role}`
  return key in zh ? loginText(key as 'role.admin') : role
}
