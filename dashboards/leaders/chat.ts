/** The message for the group chat, in words. */

import { type ChatPart, chatParts, type LeaderDay, type Tail } from './day'
import { t } from './words'

export function chatText(day: LeaderDay): string {
  return chatParts(day)
    .map((part) => partText(part, day.pickup_until))
    .join('\n\n')
}

function partText({ station, ready, overdue }: ChatPart, until: string): string {
  const lines = [t('chat.head', { station })]
  if (ready.length > 0) lines.push(t('chat.ready', { until, tails: tailsText(ready) }))
  if (overdue.length > 0) lines.push(t('chat.overdue', { tails: tailsText(overdue) }))
  return lines.join('\n')
}

function tailsText(tails: readonly Tail[]): string {
  return tails
    .map(({ kind, digits, orders }) => {
      const tail = kind === 'phone' ? t('chat.tail', { digits }) : t('chat.tail.order', { digits })
      return orders > 1 ? `${tail}${t('chat.twice', { n: orders })}` : tail
    })
    .join(t('chat.and'))
}
