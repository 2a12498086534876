// The networks that the wallet knows, and how a page adds one. The checks are MetaMask's.

import { call } from './endpoint.js'
import { invalid, unknownChain } from './errors.js'

const known = ['chainId', 'chainName', 'nativeCurrency', 'rpcUrls', 'blockExplorerUrls', 'iconUrls']

export class Networks {
  #byId = new Map()
  /** The one that requests go to. */
  current

  constructor(first) {
    this.#byId.set(first.chainId, first)
    this.current = first
  }

  get(chainId) {
    return this.#byId.get(chainId)
  }

  /** The network that `wallet_switchEthereumChain` asks for; error 4902 tells the page to add it first. */
  wanted([request]) {
    checkChainId(request?.chainId)
    const network = this.get(request.chainId)
    if (!network) throw unknownChain(request.chainId)
    return network
  }

  /** The network that `wallet_addEthereumChain` describes, once its own endpoint has said that it is that one. */
  async described([request]) {
    checkShape(request)
    const { chainId, chainName: name, nativeCurrency } = request
    const url = request.rpcUrls.find(usable)
    const answered = await call(url, 'eth_chainId', []).catch(() => {
      throw invalid(`Request for method 'eth_chainId' on ${url} failed`)
    })
    if (answered !== chainId) throw invalid(`Chain ID returned by RPC URL ${url} does not match ${chainId}`)
    return { chainId, name, url, symbol: nativeCurrency.symbol }
  }

  add(network) {
    this.#byId.set(network.chainId, network)
  }
}

function checkShape(request) {
  if (typeof request !== 'object' || request === null) throw invalid('Expected single, object parameter.')
  const strange = Object.keys(request).filter((key) => !known.includes(key))
  if (strange.length > 0) throw invalid(`Received unexpected keys on object parameter. Unsupported keys: ${strange}`)
  checkChainId(request.chainId)
  if (!request.chainName || typeof request.chainName !== 'string') throw invalid(`Expected non-empty string 'chainName'`)
  if (!request.rpcUrls?.some?.(usable)) throw invalid(`Expected an array with at least one valid string HTTPS url 'rpcUrls'`)
  const { decimals, symbol } = request.nativeCurrency ?? {}
  if (decimals !== 18) throw invalid(`Expected the number 18 for 'nativeCurrency.decimals'`)
  if (!/^.{1,6}$/.test(symbol)) throw invalid(`Expected 1-6 character string 'nativeCurrency.symbol'`)
}

function checkChainId(chainId) {
  const right = /^0x[1-9a-f][0-9a-f]*$/.test(chainId) && Number.isSafeInteger(Number(chainId))
  if (!right) throw invalid(`Expected 0x-prefixed, unpadded, non-zero hexadecimal string 'chainId'`)
}

/** HTTPS, and HTTP only of this machine. */
function usable(url) {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname))
}
