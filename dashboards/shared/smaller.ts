/** A photograph made smaller before it is sent. Works without TLS; what cannot be read as a picture is sent as it is. */

export async function smaller(file: File, longestPx: number, quality: number): Promise<Blob> {
  try {
    const whole = await createImageBitmap(file)
    const scale = Math.min(1, longestPx / Math.max(whole.width, whole.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(whole.width * scale)
    canvas.height = Math.round(whole.height * scale)
    canvas.getContext('2d')?.drawImage(whole, 0, 0, canvas.width, canvas.height)
    const made = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/jpeg', quality)
    })
    return made ?? file
  } catch {
    return file // the server says what is wrong with it
  }
}
