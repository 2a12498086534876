// JSON-RPC to one node: calls over HTTP, subscriptions over WebSocket on the same port.

import { ProviderError, disconnected } from './errors.js'

/** The result of one call over HTTP. */
export async function call(url, method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'Content-Type': 'application/json' }
  let answer
  try {
    answer = await (await fetch(url, { method: 'POST', headers, body })).json()
  } catch {
    throw disconnected(url)
  }
  return resultOf(answer)
}

function resultOf({ result, error }) {
  if (error) throw new ProviderError(error.code, error.message, error.data)
  return result
}

/** A WebSocket that stands. `onPush` gets each notification's params, and `onLost` is called when it breaks. */
export class Channel {
  #socket
  #pending = new Map()
  #nextId = 1

  /** Resolves when it stands; rejected if it cannot be made. */
  static open(url, onPush, onLost) {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    return new Promise((resolve, reject) => {
      socket.onclose = () => reject(disconnected(url))
      socket.onopen = () => resolve(new Channel(socket, url, onPush, onLost))
    })
  }

  constructor(socket, url, onPush, onLost) {
    this.#socket = socket
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data), onPush)
    socket.onclose = () => {
      for (const { reject } of this.#pending.values()) reject(disconnected(url))
      onLost()
    }
  }

  async call(method, params) {
    const id = this.#nextId++
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return resultOf(await answer)
  }

  #receive(message, onPush) {
    if (message.id === undefined) return onPush(message.params)
    this.#pending.get(message.id).resolve(message)
    this.#pending.delete(message.id)
  }

  close() {
    this.#socket.onclose = null
    this.#socket.close()
  }
}
