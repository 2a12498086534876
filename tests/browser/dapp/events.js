// Changes of an account by server-sent events, straight from the node: no wallet, and nothing to ask, as each message has
// all that the account has. The browser connects again by itself, and tells the node which message it has had last.

/** After what the browser takes for final, such as an error of a proxy in between. */
const pauseMs = 1_000

/** Follows an account. `onAccount` gets what it has and the block's number, and `onLive` whether the connection stands. */
export class AccountEvents {
  #url
  #handlers
  #source
  /** Number of the last message. */
  #number

  constructor(rpc, account, handlers) {
    this.account = account
    this.#url = `${rpc}/events?${new URLSearchParams({ account })}`
    this.#handlers = handlers
    this.#open()
  }

  /** Without the number of a message, so that a snapshot comes first. */
  #open() {
    const source = new EventSource(this.#url)
    this.#source = source
    source.onopen = () => this.#handlers.onLive(true)
    source.onerror = () => {
      this.#handlers.onLive(false)
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#source === source && this.#open(), pauseMs)
    }
    source.addEventListener('snapshot', ({ data }) => this.#take(JSON.parse(data)))
    source.addEventListener('patch', ({ data }) => this.#patch(JSON.parse(data)))
  }

  /** A patch names the message before it. Whoever has had another one has missed something, and begins anew. */
  #patch(message) {
    if (message.previous === this.#number) return this.#take(message)
    this.#source.close()
    this.#open()
  }

  #take({ number, accounts }) {
    this.#number = number
    for (const account of accounts) this.#handlers.onAccount(account, number)
  }

  stop() {
    this.#source.close()
    this.#source = null
  }
}
