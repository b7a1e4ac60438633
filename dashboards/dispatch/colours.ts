/** A colour for each van's route, told apart from its neighbours, and for each stop by how far it is. Pure. */

const ON_LIGHT = ['#1459c7', '#a3201d', '#0b6e4f', '#8a4b00', '#6a1b9a', '#00637a', '#b0256f', '#47525a', '#5a6500', '#3b3b98']
const ON_DARK = ['#8db9ff', '#ffaba4', '#7fd6b3', '#f5c272', '#d7a9f0', '#7fd3e6', '#f5a3cc', '#c3ccc7', '#cbd96a', '#b3b3f5']

export const routeColour = (index: number, isDark: boolean): string => {
  const palette = isDark ? ON_DARK : ON_LIGHT
  return palette[index % palette.length] ?? ''
}

/** Purple: somebody is to come, and has not set off yet. */
export const assignedColour = (isDark: boolean): string => (isDark ? '#d7a9f0' : '#6a1b9a')
/** Gold: late. */
export const lateColour = (isDark: boolean): string => (isDark ? '#f5c542' : '#c98a00')
