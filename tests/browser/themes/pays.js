// The whole way of a user: adds the network, sees what is there, pays, and sees each change by push.

import assert from 'node:assert/strict'
import { parseEther } from 'ethers'
import { inTime, shown, token } from '../../clients/theme.js'
import { call, erc20, other, othersPay, user, withUser } from './user.js'

export const pays = () =>
  withUser(async (hands) => {
    await hands.sees('wallet', 'Test wallet')
    await hands.sees('network', 'another one (chain 1)')
    await hands.arrives()
    await hands.sees('network', 'Spillway dev')
    await hands.sees('eth', '1000.0')
    await hands.sees('tokens', '1000000.0')
    shown('the network is added, and the balances of the account are shown')
    await watches(hands)
    await sendsEth(hands)
    await sendsTokens(hands)
    await isPaid(hands)
    await isQuiet(hands)
    hands.isCalm()
  })

async function watches(hands) {
  await hands.click('watch')
  const { rows } = await hands.confirms('Show this token?')
  assert.equal(rows.Symbol, 'DEVT')
  assert.equal(rows.Decimals, '6')
  await hands.sees('wallet-status', 'The wallet shows DEVT now.')
  shown('the token is added to the wallet')
}

async function sendsEth(hands) {
  const before = BigInt(await call('eth_getBalance', [other.address, 'latest']))
  await hands.pays(other.address, '1.25', 'eth')
  const { rows, warning } = await hands.confirms('Send this transaction?')
  assert.equal(rows.Amount, '1.25 ETH')
  assert.equal(warning, '')
  const receipt = await paid(hands)
  assert.equal(Number(receipt.gasUsed), 21_000)
  await hands.seesBalances()
  assert.equal(BigInt(await call('eth_getBalance', [other.address, 'latest'])), before + parseEther('1.25'))
  shown('ETH is sent, and the new balance shown')
}

async function sendsTokens(hands) {
  await hands.pays(other.address, '42.5', 'token')
  const { rows, warning } = await hands.confirms('Send this transaction?')
  assert.equal(rows.Amount, '42.5 DEVT')
  assert.equal(rows.To, other.address)
  assert.equal(warning, '')
  const receipt = await paid(hands)
  assert.equal(Number(receipt.gasUsed), 30_000)
  await hands.sees('tokens', '999957.5')
  await hands.seesBalances()
  await seesChange(hands, '-42.5 DEVT to ')
  shown('tokens are sent, and the new balance shown')
}

/** The receipt of what the page says that it has paid. */
async function paid(hands) {
  const done = hands.page.locator('#payment-status', { hasText: /^Paid in block \d+: 0x[0-9a-f]{64}$/ })
  const [hash] = (await done.textContent()).match(/0x[0-9a-f]{64}/)
  const receipt = await call('eth_getTransactionReceipt', [hash])
  assert.equal(receipt.status, '0x1')
  assert.equal(receipt.from, user.address.toLowerCase())
  return receipt
}

/** What others pay appears without anything that the user does. */
async function isPaid(hands) {
  await othersPay({ to: user.address, value: parseEther('7.5') })
  await seesChange(hands, '+7.5 ETH')
  await hands.seesBalances()
  await othersPay({ to: token, data: erc20.encodeFunctionData('transfer', [user.address, 1_000_001n]) })
  await hands.sees('tokens', '999958.500001')
  await seesChange(hands, '+1.000001 DEVT from ')
  await hands.seesBalances()
  shown('what others pay is shown, by push alone')
}

/** Waits until the list of changes has this. */
async function seesChange(hands, text) {
  await hands.page.locator('#changes li', { hasText: text }).first().waitFor()
}

/** Balances are asked for when a block has been pushed that may have changed them, and at no other time. */
async function isQuiet({ page, traffic }) {
  const before = traffic.entries.length
  await inTime('three empty blocks', traffic.heads(3))
  assert.deepEqual(traffic.calls(undefined, before), [])
  shown('nothing is asked of the node while blocks are empty')
  let pushed = true
  let reads = 0
  for (const entry of traffic.entries) {
    if (entry.pushed) pushed = true
    if (!readsBalances(entry)) continue
    assert.ok(pushed, 'balances were read twice without a push between')
    pushed = false
    reads += 1
  }
  // When the page is opened, and for each of the four payments.
  assert.equal(reads, 5)
  assert.deepEqual(await page.evaluate(() => window.timers), [])
  shown('no balance is read but after a push, and the page sets no timer')
}

/** `aggregate3` of Multicall3 is how the page reads balances. */
function readsBalances({ method, params }) {
  return method === 'eth_getBalance' || (method === 'eth_call' && params[0].data.startsWith('0x82ad56cb'))
}
