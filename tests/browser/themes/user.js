// What a user does with the page and the wallet, and what others do meanwhile.

import assert from 'node:assert/strict'
import { HDNodeWallet, Interface, formatEther, formatUnits } from 'ethers'
import { becomes, chainId, inTime, mnemonic, token, url } from '../../clients/theme.js'
import { withPage } from '../browser.js'

const account = (index) => HDNodeWallet.fromPhrase(mnemonic, undefined, `m/44'/60'/0'/0/${index}`)

/** Whose key the wallet has. */
export const user = account(3)
/** Whom the user pays, and who pays the user. */
export const other = account(4)

export const erc20 = new Interface([
  'function symbol() view returns (string)',
  'function transfer(address to, uint256 value)',
  'function balanceOf(address) view returns (uint256)',
])

/** Opens the page with a wallet that does not know Spillway yet. */
export async function withUser(work, rpc = url) {
  // A node reads the names of tokens from L1, and shows others until it has.
  await becomes('the symbol of the token', 'DEVT', () => ofToken('symbol'))
  const network = { chainId: '0x1', name: 'Ethereum', url: 'http://127.0.0.1:1', symbol: 'ETH' }
  const settings = { rpc, token, wallet: { privateKey: user.privateKey, network } }
  return withPage(settings, (parts) => work(new Hands(parts)))
}

/** The user's hands and eyes. */
export class Hands {
  constructor({ page, wallet, traffic, said }) {
    Object.assign(this, { page, wallet, traffic, said })
  }

  click(id) {
    return this.page.click(`#${id}`)
  }

  /** Waits until the element shows this text. */
  sees(id, text) {
    return becomes(`#${id} shows "${text}"`, text, () => this.page.textContent(`#${id}`))
  }

  /** Waits for the wallet's question; its rows by label, and its warning. */
  async asked(title) {
    const heading = this.wallet.locator('#title')
    await becomes(`the wallet asks "${title}"`, true, async () => {
      return (await heading.isVisible()) && (await heading.textContent()) === title
    })
    const [labels, values] = await Promise.all(['dt', 'dd'].map((tag) => this.wallet.locator(tag).allTextContents()))
    const rows = Object.fromEntries(labels.map((label, at) => [label, values[at]]))
    return { rows, warning: await this.wallet.locator('#warning').textContent() }
  }

  async confirms(title) {
    const question = await this.asked(title)
    await this.wallet.locator('#confirm').click()
    return question
  }

  async rejects(title) {
    const question = await this.asked(title)
    await this.wallet.locator('#reject').click()
    return question
  }

  /** Connects the page, and adds the network to the wallet. */
  async arrives() {
    await this.click('connect')
    await this.confirms('Connect this site?')
    await this.click('join')
    await this.confirms('Add this network?')
    await this.confirms('Switch the network?')
    await this.sees('live', 'live')
  }

  /** Fills in a payment and hands it to the wallet, which has a question then. */
  async pays(to, amount, asset) {
    await this.page.fill('#to', to)
    await this.page.fill('#amount', amount)
    await this.page.selectOption('#asset', asset)
    await this.click('pay')
  }

  /** A request to the wallet from the page's console: its result, or the error's code and message. */
  requests(method, params = []) {
    return this.page.evaluate(
      (request) =>
        window.ethereum.request(request).then(
          (result) => ({ result }),
          ({ code, message }) => ({ code, message }),
        ),
      { method, params },
    )
  }

  /** Waits until the page shows exactly what the node says that the user has. */
  async seesBalances() {
    const { eth, tokens } = await balancesOf(user)
    await this.sees('eth', formatEther(eth))
    await this.sees('tokens', formatUnits(tokens, 6))
  }

  /** Nothing went wrong that only the console tells. */
  isCalm() {
    assert.deepEqual(this.said, [])
  }
}

/** A call of the node that neither the page nor its wallet knows of. */
export async function call(method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'Content-Type': 'application/json' }
  const answer = await inTime(method, fetch(url, { method: 'POST', headers, body }).then((response) => response.json()))
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}

/** What an account has, by the node. */
export async function balancesOf({ address }) {
  return { eth: BigInt(await call('eth_getBalance', [address, 'latest'])), tokens: await ofToken('balanceOf', address) }
}

/** What the token answers. */
async function ofToken(name, ...args) {
  const answer = await call('eth_call', [{ to: token, data: erc20.encodeFunctionData(name, args) }, 'latest'])
  return erc20.decodeFunctionResult(name, answer)[0]
}

/** Another's payment to the user, past the page: its receipt. */
export async function othersPay(fields) {
  const nonce = Number(await call('eth_getTransactionCount', [other.address, 'pending']))
  const gasPrice = BigInt(await call('eth_gasPrice', []))
  const signed = await other.signTransaction({ type: 0, chainId, nonce, gasPrice, gasLimit: 30_000n, ...fields })
  return call('eth_getTransactionReceipt', [await call('eth_sendRawTransaction', [signed])])
}
