// Which block "latest" is. MetaMask asks a custom network for its number once in 20 seconds, and puts the number in the
// place of the word, so that all answers that it shows together are of one block. A node must know the state of blocks
// that are this old.

const ageMaxMs = 20_000

/** Where a method has its block. */
const places = { eth_getBalance: 1, eth_getCode: 1, eth_getTransactionCount: 1, eth_call: 1, eth_getStorageAt: 2 }

export class Blocks {
  #call
  #number
  #askedAt = -Infinity

  /** `call` asks the network. */
  constructor(call) {
    this.#call = call
  }

  /** The number of the newest block that is known, at most 20 seconds old. */
  latest() {
    const now = performance.now()
    if (now - this.#askedAt > ageMaxMs) {
      this.#askedAt = now
      this.#number = this.#call('eth_blockNumber', [])
    }
    return this.#number
  }

  /** The same parameters with a number for `latest`. */
  async pinned(method, params) {
    const place = places[method]
    if (place === undefined || (params[place] ?? 'latest') !== 'latest') return params
    return params.toSpliced(place, 1, await this.latest())
  }
}
