// `eth_subscribe` for the page. When the connection breaks the page is told (`disconnect`), and told again when there is
// another (`connect`): its subscriptions went with the first, and it makes them anew.

import { Channel } from './endpoint.js'

const firstPauseMs = 100
const longestPauseMs = 5_000

export class Subscriptions {
  #network
  #emit
  #channel
  #closed = false

  /** `emit` takes the name of an event and what comes with it. */
  constructor(network, emit) {
    this.#network = network
    this.#emit = emit
  }

  /** `eth_subscribe` or `eth_unsubscribe`. The connection is made by the first of them. */
  async call(method, params) {
    this.#channel ??= this.#open()
    return (await this.#channel).call(method, params)
  }

  #open() {
    const push = (data) => this.#emit('message', { type: 'eth_subscription', data })
    return Channel.open(this.#network.url, push, () => this.#lost())
  }

  async #lost() {
    this.#emit('disconnect', { code: 1013, message: 'The connection to the network was lost.' })
    for (let pauseMs = firstPauseMs; !this.#closed; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      this.#channel = this.#open()
      if (await this.#channel.then(() => true, () => false)) {
        return this.#emit('connect', { chainId: this.#network.chainId })
      }
    }
  }

  /** Ends them all. */
  close() {
    this.#closed = true
    this.#channel?.then((channel) => channel.close(), () => {})
  }
}
