// Payments that do not come about: what the user is told, and that nothing has happened.

import assert from 'node:assert/strict'
import { shown } from '../../clients/theme.js'
import { call, other, user, withUser } from './user.js'

export const refusals = () =>
  withUser(async (hands) => {
    await hands.arrives()
    await userRejects(hands)
    await tooMuchEth(hands)
    await tooManyTokens(hands)
    assert.equal(Number(await call('eth_getTransactionCount', [user.address, 'pending'])), 0)
    await hands.sees('eth', '1000.0')
    await hands.sees('tokens', '1000000.0')
    shown('nothing has happened to the account')
  })

async function userRejects(hands) {
  await hands.pays(other.address, '1', 'eth')
  await hands.rejects('Send this transaction?')
  await hands.sees('payment-status', 'You have rejected it in the wallet.')
  const rejected = hands.requests('eth_sendTransaction', [{ from: user.address, to: other.address, value: '0x1' }])
  await hands.rejects('Send this transaction?')
  assert.equal((await rejected).code, 4001)
  assert.deepEqual(hands.traffic.calls('eth_sendRawTransaction'), [])
  shown('what the user rejects is never sent')
}

async function tooMuchEth(hands) {
  await hands.pays(other.address, '5000', 'eth')
  const { warning } = await hands.confirms('Send this transaction?')
  assert.match(warning, /insufficient funds for gas \* price \+ value/)
  shown(`before signing: ${warning}`)
  const status = hands.page.locator('#payment-status.failed', { hasText: 'insufficient funds' })
  shown(`from who signs all the same: ${await status.textContent()}`)
  assert.equal(hands.traffic.calls('eth_sendRawTransaction').length, 1)
}

async function tooManyTokens(hands) {
  await hands.pays(other.address, '1000000.000001', 'token')
  const { warning } = await hands.rejects('Send this transaction?')
  const reason = `ERC20InsufficientBalance(${user.address}, 1000000000000, 1000000000001)`
  assert.ok(warning.endsWith(`execution reverted: ${reason}`), warning)
  shown(`before signing: ${warning}`)
}
