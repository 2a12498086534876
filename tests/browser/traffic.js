// What the page, the wallet's part of it included, says to the node and hears from it, in order.

/** One call is `{ method, params }`, one pushed message `{ pushed }`, its result. */
export class Traffic {
  entries = []
  #waiting = []

  constructor(page, rpc) {
    page.on('request', (request) => {
      if (request.method() === 'POST' && new URL(request.url()).origin === new URL(rpc).origin) {
        this.#add(request.postDataJSON())
      }
    })
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => this.#add(JSON.parse(payload)))
      socket.on('framereceived', ({ payload }) => {
        const { method, params } = JSON.parse(payload)
        if (method === 'eth_subscription') this.#add({ pushed: params.result })
      })
    })
  }

  #add(entry) {
    this.entries.push(entry)
    for (const look of this.#waiting) look()
  }

  /** The calls of a method, or all calls, from an entry on. */
  calls(method, from = 0) {
    const calls = this.entries.slice(from).filter((entry) => entry.method !== undefined)
    return method === undefined ? calls : calls.filter((call) => call.method === method)
  }

  /** Resolves when `count` headers of blocks have been pushed from now on. */
  heads(count) {
    const from = this.entries.length
    const isHead = ({ pushed }) => pushed?.parentHash !== undefined
    return new Promise((resolve) => {
      const look = () => {
        if (this.entries.slice(from).filter(isHead).length < count) return
        this.#waiting = this.#waiting.filter((other) => other !== look)
        resolve()
      }
      this.#waiting.push(look)
    })
  }
}
