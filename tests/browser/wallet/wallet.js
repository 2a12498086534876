// What the wallet does for a page: one method for each request of EIP-1193 that is not simply the node's.

import { Blocks } from './blocks.js'
import { call } from './endpoint.js'
import { rejected, unauthorized, unsupported } from './errors.js'
import { Networks } from './networks.js'
import { Subscriptions } from './subscriptions.js'
import { messageOf, typedDataOf } from './signing.js'
import { watched } from './tokens.js'
import { prepare, rowsOf } from './transactions.js'

export class Wallet {
  #keys
  #networks
  #subscriptions
  #page
  #blocks
  #allowed = false
  /** The nonce after the newest transaction of the user's that the node has taken. */
  #nextNonce = 0

  /** `page` has the page's `origin`, `emit` for events, and `confirm`, which asks the user. */
  constructor(keys, network, page) {
    this.#keys = keys
    this.#networks = new Networks(network)
    this.#page = page
    this.#blocks = new Blocks(this.#ask)
    this.#subscriptions = new Subscriptions(network, page.emit)
  }

  /** Answers a request of the page, or throws a `ProviderError`. */
  async request(method, params) {
    const own = Wallet.#methods[method]
    if (own) return own(this, params)
    if (method.startsWith('wallet_') || method === 'eth_sign') throw unsupported(method)
    return this.#call(method, params)
  }

  static #methods = {
    eth_chainId: (wallet) => wallet.#network.chainId,
    net_version: (wallet) => String(Number(wallet.#network.chainId)),
    eth_accounts: (wallet) => wallet.#accounts(),
    eth_requestAccounts: (wallet) => wallet.#connect(),
    wallet_switchEthereumChain: (wallet, params) => wallet.#switch(wallet.#networks.wanted(params)),
    wallet_addEthereumChain: (wallet, params) => wallet.#add(params),
    wallet_watchAsset: (wallet, params) => wallet.#watch(params),
    eth_sendTransaction: (wallet, params) => wallet.#send(params),
    personal_sign: (wallet, params) => wallet.#signMessage(params),
    eth_signTypedData_v4: (wallet, params) => wallet.#signTypedData(params),
    eth_subscribe: (wallet, params) => wallet.#subscriptions.call('eth_subscribe', params),
    eth_unsubscribe: (wallet, params) => wallet.#subscriptions.call('eth_unsubscribe', params),
  }

  get #network() {
    return this.#networks.current
  }

  #ask = (method, params) => call(this.#network.url, method, params)

  #call = async (method, params) => this.#ask(method, await this.#blocks.pinned(method, params))

  #accounts() {
    return this.#allowed ? [this.#keys.address] : []
  }

  #confirm(title, rows, warning) {
    return this.#page.confirm({ title, network: this.#network.name, origin: this.#page.origin, rows, warning })
  }

  async #connect() {
    if (!this.#allowed) {
      await this.#confirm('Connect this site?', [['It will see', this.#keys.address]])
      this.#allowed = true
      this.#page.emit('accountsChanged', this.#accounts())
    }
    return this.#accounts()
  }

  async #add(params) {
    const network = await this.#networks.described(params)
    if (!this.#networks.get(network.chainId)) {
      const { name, url, chainId, symbol } = network
      const rows = [['Name', name], ['Network URL', url], ['Chain ID', Number(chainId)], ['Currency', symbol]]
      await this.#confirm('Add this network?', rows)
      this.#networks.add(network)
    }
    return this.#switch(this.#networks.get(network.chainId))
  }

  async #switch(network) {
    if (network === this.#network) return null
    await this.#confirm('Switch the network?', [['From', this.#network.name], ['To', network.name]])
    this.#subscriptions.close()
    this.#subscriptions = new Subscriptions(network, this.#page.emit)
    this.#networks.current = network
    this.#blocks = new Blocks(this.#ask)
    this.#nextNonce = 0
    this.#page.emit('chainChanged', network.chainId)
    return null
  }

  async #watch(asset) {
    const { symbol, decimals, address } = await watched(this.#call, asset)
    await this.#confirm('Show this token?', [['Symbol', symbol], ['Decimals', decimals], ['Token', address]])
    return true
  }

  async #send([request]) {
    this.#checkSigner(request.from)
    const { chainId, symbol } = this.#network
    const prepared = await prepare(this.#call, chainId, request, this.#nextNonce)
    const rows = await rowsOf(this.#call, symbol, request.from, prepared)
    await this.#confirm('Send this transaction?', rows, prepared.warning)
    // The user has seen what it does on this network, and on no other.
    if (this.#network.chainId !== chainId) throw rejected()
    const hash = await this.#call('eth_sendRawTransaction', [await this.#keys.signTransaction(prepared.transaction)])
    this.#nextNonce = prepared.transaction.nonce + 1
    return hash
  }

  async #signMessage([message, account]) {
    this.#checkSigner(account)
    const { bytes, text } = messageOf(message)
    await this.#confirm('Sign this message?', [['Message', text]])
    return this.#keys.signMessage(bytes)
  }

  async #signTypedData([account, json]) {
    this.#checkSigner(account)
    const data = typedDataOf(json, this.#network.chainId)
    const fields = Object.entries(data.message).map(([name, value]) => [name, JSON.stringify(value)])
    await this.#confirm(`Sign this ${data.primaryType}?`, fields)
    return this.#keys.signTypedData(data)
  }

  #checkSigner(account) {
    if (!this.#accounts().includes(account?.toLowerCase())) throw unauthorized()
  }
}
