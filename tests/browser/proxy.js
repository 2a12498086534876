// A connection to the node that a test can cut.

import { connect, createServer } from 'node:net'

export class Proxy {
  #target
  #sockets = new Set()
  #cut = false
  /** The last event that a client of server-sent events says it has had, each time one comes back. */
  resumed = []

  /** Resolves when it listens, on a free port of 127.0.0.1; its `url` stands for the node's. */
  static async before(target) {
    const proxy = new Proxy(target)
    const server = createServer((socket) => proxy.#pass(socket))
    await new Promise((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
    proxy.url = `http://127.0.0.1:${server.address().port}`
    return proxy
  }

  constructor(target) {
    this.#target = new URL(target)
  }

  #pass(socket) {
    if (this.#cut) return socket.resetAndDestroy()
    const { hostname, port } = this.#target
    const onward = connect(Number(port), hostname)
    socket.on('data', (head) => {
      const [, id] = head.toString('latin1').match(/^last-event-id: (.*)\r$/im) ?? []
      if (id !== undefined) this.resumed.push(id)
    })
    for (const [one, opposite] of [[socket, onward], [onward, socket]]) {
      this.#sockets.add(one)
      one.pipe(opposite)
      // What ends one side ends the other.
      one.on('error', () => opposite.destroy()).on('close', () => {
        opposite.destroy()
        this.#sockets.delete(one)
      })
    }
  }

  /** Breaks every connection, and each new one, until `mend`. */
  cut() {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend() {
    this.#cut = false
  }
}
