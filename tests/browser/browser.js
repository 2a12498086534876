// Starts Chromium with the wallet in it, opens the page, and writes down what goes over the network.

import { accessSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { patienceMs } from '../clients/theme.js'
import { serve } from './server.js'
import { Traffic } from './traffic.js'

/** No sandbox, as tests may run as root; and nothing that speaks to anybody but the pages' servers. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Runs `work` on the open page, in a browser and a profile of its own. A failure says what the page saw. */
export async function withPage({ rpc, token, wallet }, work) {
  const browser = await chromium.launch({ executablePath: program(), args: flags })
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 760 } })
    page.setDefaultTimeout(patienceMs)
    const said = listen(page)
    const traffic = new Traffic(page, rpc)
    try {
      await install(page, wallet)
      const query = new URLSearchParams({ rpc, token })
      await page.goto(`${await serve('dapp')}/dapp/index.html?${query}`)
      await work({ page, wallet: page.frameLocator('iframe[title=Wallet]'), traffic, said })
    } catch (error) {
      console.error(`the page said:\n${said.join('\n')}\nand looked like ${await screenshot(page)}`)
      throw error
    }
  } finally {
    await browser.close()
  }
}

/** Puts the wallet in as an extension would be: before anything of the page's, and served from elsewhere. */
async function install(page, settings) {
  const origin = await serve('wallet', { documents: { '/settings.json': settings } })
  await page.addInitScript((walletOrigin) => Object.assign(globalThis, { walletOrigin }), origin)
  await page.addInitScript(countTimers)
  await page.addInitScript({ path: fileURLToPath(new URL('wallet/inpage.js', import.meta.url)) })
}

/** Runs in the page before anything else does: `timers` has each that is set, by what called it. */
function countTimers() {
  window.timers = []
  for (const name of ['setTimeout', 'setInterval']) {
    const set = window[name]
    window[name] = (...args) => {
      window.timers.push(new Error(name).stack)
      return set.apply(window, args)
    }
  }
}

/** Collects what the page writes to its console, and the errors that nobody caught. */
function listen(page) {
  const said = []
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => said.push(`uncaught: ${error.stack ?? error}`))
  return said
}

async function screenshot(page) {
  const path = join(mkdtempSync(join(tmpdir(), 'spillway-browser-')), 'page.png')
  await page.screenshot({ path })
  return path
}

/** `SPILLWAY_CHROMIUM`, or Chromium by its name. */
function program() {
  const folders = process.env.PATH.split(delimiter)
  const candidates = [process.env.SPILLWAY_CHROMIUM ?? folders.map((folder) => join(folder, 'chromium'))].flat()
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  if (found) return found
  throw new Error(
    `no Chromium at ${process.env.SPILLWAY_CHROMIUM ?? 'chromium on the PATH'}: install it (on Debian, ` +
      '`apt-get install --no-install-recommends chromium`), or set SPILLWAY_CHROMIUM to its program',
  )
}
