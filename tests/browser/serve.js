// Serves the page to a browser that has a wallet, for a development chain that runs:
//
//     npm install --prefix tests/browser
//     node tests/browser/serve.js spillway-dev

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { serve } from './server.js'

const directory = process.argv[2]
if (directory === undefined) {
  console.error('name the directory of the development chain, such as ./spillway-dev')
  process.exit(2)
}
const read = (name) => JSON.parse(readFileSync(join(directory, name), 'utf8'))
const query = new URLSearchParams({ rpc: read('dev.json').rpc, token: read('deployment.json').token })
console.log(`${await serve('dapp')}/dapp/index.html?${query}`)
