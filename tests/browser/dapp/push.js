// Changes of an account by push: `eth_subscribe` through the wallet. Nothing is asked for at intervals.

import { zeroPadValue } from 'ethers'
import { erc20 } from './token.js'

/** Calls back for blocks that may have changed the account's balances, and for each of its transfers of the token. */
export class Changes {
  #wallet
  #handlers = new Map()
  #receive = ({ type, data }) => {
    if (type === 'eth_subscription') this.#handlers.get(data.subscription)?.(data.result)
  }

  constructor(wallet) {
    this.#wallet = wallet
    wallet.on('message', this.#receive)
  }

  /** Subscribes; resolves when nothing can be missed any more. */
  async follow(account, token, { onBlock, onTransfer }) {
    const { topicHash } = erc20.getEvent('Transfer')
    const own = zeroPadValue(account, 32)
    const transfers = (...topics) => ['logs', { address: token, topics: [topicHash, ...topics] }]
    await this.#subscribe(['newHeads'], (head) => mayChangeBalances(head) && onBlock(head))
    for (const params of [transfers(null, own), transfers(own)]) {
      await this.#subscribe(params, ({ topics, data }) => onTransfer(erc20.parseLog({ topics, data }).args))
    }
  }

  async #subscribe(params, handler) {
    const id = await this.#wallet.request({ method: 'eth_subscribe', params })
    this.#handlers.set(id, handler)
  }

  /** Ends it. The subscriptions themselves end with the connection or with the network that they are of. */
  stop() {
    this.#handlers.clear()
    this.#wallet.removeListener('message', this.#receive)
  }
}

/** A block each second is empty on a quiet chain: no gas for what was signed, no logs for what came from L1. */
function mayChangeBalances({ gasUsed, logsBloom }) {
  return BigInt(gasUsed) > 0n || BigInt(logsBloom) > 0n
}
