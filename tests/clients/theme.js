// What the JavaScript clients share: where the node is, who the accounts are, and how a theme is run.
//
//     SPILLWAY_RPC=http://127.0.0.1:9545 SPILLWAY_CHAIN_ID=51717 node viem.js sends
//
// A theme prints one line for each thing that it checked; the first failure ends the process with code 1.

import { readFileSync } from 'node:fs'
import process from 'node:process'

export const url = required('SPILLWAY_RPC')
export const wsUrl = url.replace(/^http/, 'ws')
/** Whose logs tell of messages from L1, of memos, and who sends what L1 sent. */
export const inboxAddress = '0x5350000000000000000000000000000000000003'
export const memoAddress = '0x5350000000000000000000000000000000000004'
export const systemAddress = '0x5350000000000000000000000000000000000000'
export const chainId = Number(required('SPILLWAY_CHAIN_ID'))

/** The listed test token, of which each development account holds `initialTokens`. */
export const token = required('SPILLWAY_TOKEN')
export const initialTokens = 1_000_000n * 10n ** 6n

/** Where withdrawals and payouts are called, and where Multicall3 is. */
export const withdrawAddress = '0x5350000000000000000000000000000000000001'
export const payoutAddress = '0x5350000000000000000000000000000000000002'
export const multicallAddress = '0xcA11bde05977b3631167028862bE2a173976CA11'

/** The published ABI of a contract. */
export function abiOf(contract) {
  const artifact = new URL(`../../bridge-contracts/artifacts/${contract}.json`, import.meta.url)
  return JSON.parse(readFileSync(artifact, 'utf8')).abi
}

/** The words from which the 20 funded development accounts are derived. */
export const mnemonic = 'test test test test test test test test test test test junk'

/** Each development account begins with this much, in wei. */
export const initialBalance = 1_000n * 10n ** 18n

/** Longest wait for anything that a healthy node does at once. */
export const patienceMs = 60_000

/** Says what has just been shown to hold. */
export function shown(what) {
  console.log(`ok  ${what}`)
}

/** `promise`, or a failure that names what did not happen in time. */
export async function inTime(what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks until the answer is `expected`. */
export async function becomes(what, expected, ask) {
  const asking = async () => {
    while ((await ask()) !== expected) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await inTime(what, asking())
}

/** The error that `promise` is rejected with; it is a failure if it is fulfilled. */
export async function failure(what, promise) {
  let value
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`${what}: expected an error, got ${String(value)}`)
}

/** A promise whose settling is left to a callback, such as that of a subscription. */
export function signal() {
  const handle = {}
  handle.promise = new Promise((resolve, reject) => Object.assign(handle, { resolve, reject }))
  return handle
}

/** Runs the theme that the command line names, and exits. */
export async function run(themes) {
  const theme = themes[process.argv[2]]
  if (theme === undefined) {
    console.error(`name a theme: ${Object.keys(themes).join(', ')}`)
    process.exit(2)
  }
  try {
    await theme()
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
  process.exit(0)
}

function required(name) {
  const value = process.env[name]
  if (!value) {
    console.error(`${name} is not set`)
    process.exit(2)
  }
  return value
}
