// The wallet's own frame: takes the requests of the page that it is in, and answers them.
//
// `/settings.json` has the private key and the network to begin with. Only this origin can read it.

import { confirmation } from './confirmation.js'
import { Keys } from './signing.js'
import { Wallet } from './wallet.js'

const origin = location.ancestorOrigins[0]
const tell = (message) => window.parent.postMessage(message, origin)

const { privateKey, network } = await (await fetch('/settings.json')).json()
const wallet = new Wallet(new Keys(privateKey), network, {
  origin,
  emit: (event, payload) => tell({ event, payload }),
  confirm: (question) => confirmation(question, (visible) => tell({ visible })),
})

window.addEventListener('message', async ({ source, data: { id, method, params } }) => {
  if (source !== window.parent) return
  try {
    tell({ id, result: await wallet.request(method, params) })
  } catch ({ code = -32603, message, data }) {
    tell({ id, error: { code, message, data } })
  }
})
tell({ ready: true })
