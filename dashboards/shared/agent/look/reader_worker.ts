/** Reads codes off a camera's pictures beside the page, so that the page stays quick. Its WebAssembly comes from our own build. */

import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader'
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'

import type { FromReader, ToReader } from './reader'

const OPTIONS: ReaderOptions = {
  formats: ['Code128', 'EAN13', 'EAN8', 'UPCA', 'ITF', 'QRCode', 'DataMatrix', 'PDF417'], // as the station's own camera
  tryHarder: true,
  tryRotate: true,
  tryInvert: false,
  tryDownscale: true,
  maxNumberOfSymbols: 20,
  textMode: 'Plain',
  eanAddOnSymbol: 'Ignore',
}

const tell = (word: FromReader): void => {
  self.postMessage(word)
}

prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasmUrl : prefix + path) } })

self.onmessage = (event: MessageEvent<ToReader>): void => {
  void read(event.data)
}

async function read(picture: ToReader): Promise<void> {
  try {
    const found = await readBarcodes(new ImageData(picture.pixels, picture.width, picture.height), OPTIONS)
    const codes = found
      .filter((one) => one.isValid && one.text !== '')
      .map((one) => ({ text: one.text, symbology: one.symbologyIdentifier.replace(/^\]/, '') }))
    tell({ kind: 'read', codes })
  } catch (error) {
    tell({ kind: 'broken', why: String(error) })
  }
}
