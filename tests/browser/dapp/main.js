// A page that pays on Spillway, and shows what its user has. It knows the wallet by EIP-1193 alone.
//
// Its address names the node and a token: `?rpc=http://127.0.0.1:9545&token=0x...`.

import { readBalances } from './balances.js'
import { AccountEvents } from './events.js'
import { join, networkAt } from './network.js'
import { pay, payment } from './payments.js'
import { Changes } from './push.js'
import { describeToken } from './token.js'
import * as view from './view.js'
import { findWallet } from './wallets.js'

const settings = new URLSearchParams(location.search)
const network = networkAt(settings.get('rpc'))
const wallet = findWallet()

/** What is followed now: an account, its token, its balances. Another one when account, network or connection change. */
let session = null

/** The same account by the node's events, which go on when the wallet loses its connection. */
let events = null

function leave() {
  session?.changes.stop()
  session = null
  view.showLive(false)
}

/** Brings the page in line with the wallet: when it opens, and whenever the wallet says that something is different. */
async function enter() {
  leave()
  const mine = { changes: new Changes(wallet.provider) }
  session = mine
  const [chainId, [account]] = await Promise.all(['eth_chainId', 'eth_accounts'].map((method) => ask(method)))
  if (session !== mine) return
  const joined = chainId === network.chainId
  view.showWallet({ name: wallet.name, account, chainId, joined })
  if (joined && account) await follow(mine, account)
}

async function follow(mine, account) {
  mine.account = account
  mine.token = await describeToken(wallet.provider, settings.get('token'))
  view.showToken(mine.token)
  const onTransfer = (transfer) => view.showTransfer(transfer, account, mine.token)
  await mine.changes.follow(account, mine.token.address, { onBlock: ({ number }) => refresh(mine, number), onTransfer })
  // After the subscriptions, so that no change falls between; by number, as what a wallet takes for the latest block may be older.
  await refresh(mine, await ask('eth_blockNumber'))
  if (session === mine) followEvents(account, mine.token)
}

function followEvents(account, token) {
  if (events?.account === account) return
  events?.stop()
  const onAccount = (changed, number) => view.showEvent(changed, number, token)
  events = new AccountEvents(settings.get('rpc'), account, { onAccount, onLive: view.showEventsLive })
}

async function refresh(mine, at) {
  const balances = await readBalances(wallet.provider, mine.account, mine.token.address, at)
  // An answer may come when another account is shown, or overtake a newer one.
  if (session !== mine || balances.block < mine.balances?.block) return
  if (mine.balances) view.showEthChange(balances.eth - mine.balances.eth)
  mine.balances = balances
  view.showBalances(balances, mine.token)
  view.showLive(true)
}

const ask = (method, params = []) => wallet.provider.request({ method, params })

view.onClick('connect', () => view.report('wallet-status', () => ask('eth_requestAccounts').then(() => '')))
view.onClick('join', () => view.report('wallet-status', () => join(wallet.provider, network)))
view.onClick('watch', () =>
  view.report('wallet-status', async () => {
    await ask('wallet_watchAsset', { type: 'ERC20', options: session.token })
    return `The wallet shows ${session.token.symbol} now.`
  }),
)
view.onPayment(({ to, amount, asset }) =>
  view.report('payment-status', async () => {
    const { account, token } = session
    const receipt = await pay(wallet.provider, payment(account, to, amount, asset === 'token' ? token : null))
    return `Paid in block ${Number(receipt.blockNumber)}: ${receipt.transactionHash}`
  }),
)

if (wallet) {
  const arrive = () => view.report('wallet-status', enter)
  for (const event of ['accountsChanged', 'chainChanged', 'connect']) wallet.provider.on(event, arrive)
  wallet.provider.on('disconnect', leave)
  await arrive()
}
