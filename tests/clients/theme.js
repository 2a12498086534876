// What the JavaScript clients share: where the node is, who the accounts are, and how a theme is run.
//
//     SPILLWAY_RPC=http://127.0.0.1:9545 SPILLWAY_CHAIN_ID=51717 node viem.js sends
//
// A theme prints one line for each thing that it checked; the first failure ends the process with code 1.

import process from 'node:process'

export const url = required('SPILLWAY_RPC')
export const wsUrl = url.replace(/^http/, 'ws')
/** The development chain's test token. */
export const tokenAddress = required('SPILLWAY_TOKEN')
export const withdrawPredeploy = '0x5350000000000000000000000000000000000001'
export const payoutPredeploy = '0x5350000000000000000000000000000000000002'
export const inboxAddress = '0x5350000000000000000000000000000000000003'
export const memoAddress = '0x5350000000000000000000000000000000000004'
export const systemAddress = '0x5350000000000000000000000000000000000000'
export const chainId = Number(required('SPILLWAY_CHAIN_ID'))

/** The words from which the 20 funded development accounts are derived. */
export const mnemonic = 'test test test test test test test test test test test junk'

/** Each development account begins with this much, in wei. */
export const initialBalance = 1_000n * 10n ** 18n

/** Longest wait for anything that a healthy node does at once. */
const patienceMs = 20_000

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
