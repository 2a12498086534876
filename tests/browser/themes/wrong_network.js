// Networks that the wallet does not take, and what the user does not want.

import assert from 'node:assert/strict'
import { chainId, shown, url } from '../../clients/theme.js'
import { withUser } from './user.js'

const right = {
  chainId: `0x${chainId.toString(16)}`,
  chainName: 'Spillway dev',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: [url],
}

export const wrongNetwork = () =>
  withUser(async (hands) => {
    const unknown = await hands.requests('wallet_switchEthereumChain', [{ chainId: right.chainId }])
    assert.equal(unknown.code, 4902)
    shown(`a network that is not known: ${unknown.message}`)
    const wrong = await hands.requests('wallet_addEthereumChain', [{ ...right, chainId: '0xca06' }])
    assert.equal(wrong.code, -32602)
    assert.equal(wrong.message, `Chain ID returned by RPC URL ${url} does not match 0xca06`)
    shown(`a wrong chain id: ${wrong.message}`)
    const nowhere = await hands.requests('wallet_addEthereumChain', [{ ...right, rpcUrls: ['http://127.0.0.1:1'] }])
    assert.match(nowhere.message, /^Request for method 'eth_chainId' on .* failed$/)
    shown(`nobody there: ${nowhere.message}`)
    await userRejects(hands)
  })

async function userRejects(hands) {
  await hands.click('join')
  const { rows } = await hands.rejects('Add this network?')
  assert.deepEqual(rows, { Name: 'Spillway dev', 'Network URL': url, 'Chain ID': '51717', Currency: 'ETH' })
  await hands.sees('wallet-status', 'You have rejected it in the wallet.')
  await hands.sees('network', 'another one (chain 1)')
  await hands.click('connect')
  await hands.rejects('Connect this site?')
  await hands.sees('account', 'not connected')
  assert.deepEqual(await hands.requests('eth_accounts'), { result: [] })
  assert.equal((await hands.requests('eth_sendTransaction', [{}])).code, 4100)
  shown('a user who rejects is not asked again, and nothing has changed')
  await hands.arrives()
  assert.deepEqual(await hands.requests('wallet_addEthereumChain', [right]), { result: null })
  shown('one who changes their mind arrives')
}
