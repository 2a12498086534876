// The part of the wallet that lives in the page, where an extension puts it before the page's own scripts run: an
// EIP-1193 provider, as `window.ethereum` and announced by EIP-6963. It holds no key and speaks to no network. Requests
// go to the wallet itself, which is a frame of another origin, so that the page cannot look into it.

;(() => {
  const origin = globalThis.walletOrigin
  delete globalThis.walletOrigin
  if (window !== window.top) return

  class Provider {
    #frame
    #ready
    #pending = new Map()
    #listeners = new Map()
    #nextId = 0

    constructor() {
      this.#ready = new Promise((resolve) => {
        window.addEventListener('message', ({ source, origin: from, data }) => {
          if (from !== origin || source !== this.#frame?.contentWindow) return
          if (data.ready) resolve()
          else this.#receive(data)
        })
      })
    }

    /** Puts the wallet's frame into the page, hidden until it has something to ask. */
    attach() {
      this.#frame = document.createElement('iframe')
      this.#frame.src = `${origin}/wallet/index.html`
      this.#frame.title = 'Wallet'
      const style = 'position:fixed;top:12px;right:12px;width:370px;height:680px;border:0;z-index:9999'
      this.#frame.style.cssText = `${style};visibility:hidden`
      document.body.append(this.#frame)
    }

    async request({ method, params = [] }) {
      await this.#ready
      const id = this.#nextId++
      return new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject })
        this.#frame.contentWindow.postMessage({ id, method, params }, origin)
      })
    }

    on(event, listener) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
      return this
    }

    removeListener(event, listener) {
      const rest = (this.#listeners.get(event) ?? []).filter((other) => other !== listener)
      this.#listeners.set(event, rest)
      return this
    }

    #receive({ id, result, error, event, payload, visible }) {
      if (visible !== undefined) {
        this.#frame.style.visibility = visible ? 'visible' : 'hidden'
      } else if (event !== undefined) {
        for (const listener of this.#listeners.get(event) ?? []) listener(payload)
      } else {
        const { resolve, reject } = this.#pending.get(id)
        this.#pending.delete(id)
        if (error) reject(Object.assign(new Error(error.message), { code: error.code, data: error.data }))
        else resolve(result)
      }
    }
  }

  const provider = new Provider()
  const info = Object.freeze({
    uuid: crypto.randomUUID(),
    name: 'Test wallet',
    icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>',
    rdns: 'org.example.wallet',
  })
  const announce = () => {
    const detail = Object.freeze({ info, provider })
    window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }))
  }
  window.ethereum = provider
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
  document.addEventListener('DOMContentLoaded', () => provider.attach())
})()
