// What the page shows. The only file that touches it.

import { formatEther, formatUnits } from 'ethers'

const element = (id) => document.getElementById(id)
const short = (address) => `${address.slice(0, 6)}...${address.slice(-4)}`

/** The wallet's state; `account` and `network` are null while they are not known or not ours. */
export function showWallet({ name, account, chainId, joined }) {
  element('wallet').textContent = name
  element('account').textContent = account ?? 'not connected'
  element('network').textContent = joined ? 'Spillway dev' : `another one (chain ${Number(chainId)})`
  element('connect').disabled = Boolean(account)
  element('join').disabled = joined
}

export function showToken({ symbol }) {
  for (const id of ['symbol', 'events-symbol']) element(id).textContent = symbol
  element('asset').options[1].textContent = symbol
}

export function showBalances({ eth, tokens, block }, { decimals }) {
  element('eth').textContent = formatEther(eth)
  element('tokens').textContent = formatUnits(tokens, decimals)
  element('block').textContent = block
}

/** Whether the account is followed. Unless it is, what is shown may be old, and nothing can be paid. */
export function showLive(live) {
  for (const id of ['watch', 'pay']) element(id).disabled = !live
  showConnection('live', live)
}

/** Whether the node's events arrive. */
export function showEventsLive(live) {
  showConnection('events-live', live)
}

function showConnection(id, live) {
  element(id).textContent = live ? 'live' : 'not connected'
  element(id).className = `live ${live ? 'on' : 'off'}`
}

/** An account as the events have it. A token that is not in the list is one that the account has nothing of. */
export function showEvent({ eth, tokens }, number, { address, decimals }) {
  const isOurs = ({ token }) => token.toLowerCase() === address.toLowerCase()
  element('events-eth').textContent = formatEther(eth)
  element('events-tokens').textContent = formatUnits(tokens.find(isOurs)?.amount ?? 0, decimals)
  element('events-block').textContent = number
}

export function showTransfer({ from, to, value }, account, { symbol, decimals }) {
  const amount = `${formatUnits(value, decimals)} ${symbol}`
  const incoming = to.toLowerCase() === account.toLowerCase()
  addChange(incoming ? `+${amount} from ${short(from)}` : `-${amount} to ${short(to)}`)
}

/** ETH moves without a log, so this is the difference of two balances. */
export function showEthChange(difference) {
  if (difference !== 0n) addChange(`${difference > 0n ? '+' : ''}${formatEther(difference)} ETH`)
}

function addChange(text) {
  const item = document.createElement('li')
  item.textContent = text
  element('changes').prepend(item)
}

/** Runs what a button started; says in `status` how it went, in the words of whoever refused. */
export async function report(status, work) {
  const say = (text, failed) => {
    element(status).textContent = text
    element(status).classList.toggle('failed', failed)
  }
  say('Waiting for the wallet...', false)
  try {
    say((await work()) ?? '', false)
  } catch (error) {
    say(error.code === 4001 ? 'You have rejected it in the wallet.' : error.message, true)
  }
}

/** Calls `work` when the button is clicked. */
export function onClick(id, work) {
  element(id).addEventListener('click', work)
}

/** Calls `work` with what the form of a payment says. */
export function onPayment(work) {
  element('payment').addEventListener('submit', (event) => {
    event.preventDefault()
    const [to, amount, asset] = ['to', 'amount', 'asset'].map((id) => element(id).value.trim())
    work({ to, amount, asset })
  })
}
