// Balances by server-sent events, with a connection that breaks in the middle.

import assert from 'node:assert/strict'
import { formatEther, formatUnits, parseEther } from 'ethers'
import { becomes, shown, token, url } from '../../clients/theme.js'
import { Proxy } from '../proxy.js'
import { balancesOf, erc20, other, othersPay, user, withUser } from './user.js'

export async function events() {
  const proxy = await Proxy.before(url)
  await withUser(async (hands) => {
    await hands.arrives()
    await hands.sees('events-live', 'live')
    await hands.sees('events-eth', '1000.0')
    await hands.sees('events-tokens', '1000000.0')
    shown('the snapshot has what the account has')
    await othersPay({ to: user.address, value: parseEther('2') })
    await hands.sees('events-eth', '1002.0')
    await othersPayTokens(7n)
    await hands.sees('events-tokens', '1000000.000007')
    shown('what others pay is in a patch')
    await misses(hands, proxy)
    await hands.sees('live', 'live')
    await hands.pays(other.address, '0.5', 'eth')
    await hands.confirms('Send this transaction?')
    await agrees(hands)
    shown('what the user pays is in a patch after that')
  }, proxy.url)
}

/** Payments while the connection is cut, twice. */
async function misses(hands, proxy) {
  for (const times of [1, 2]) {
    proxy.cut()
    await hands.sees('events-live', 'not connected')
    await othersPay({ to: user.address, value: parseEther('3') })
    await othersPayTokens(11n)
    proxy.mend()
    await agrees(hands)
    await becomes('a connection that goes on after an event', true, () => proxy.resumed.length >= times)
  }
  for (const id of proxy.resumed) assert.match(id, /^\d+-0x[0-9a-f]{64}$/)
  shown('the browser connects again by itself, and catches up from the last message that it had')
}

/** Waits until the events have brought exactly what the node says that the user has. */
async function agrees(hands) {
  const { eth, tokens } = await balancesOf(user)
  await hands.sees('events-eth', formatEther(eth))
  await hands.sees('events-tokens', formatUnits(tokens, 6))
}

function othersPayTokens(amount) {
  return othersPay({ to: token, data: erc20.encodeFunctionData('transfer', [user.address, amount]) })
}
