// What the user's key signs beside transactions.

import { Wallet, getBytes, hexlify, isHexString, toUtf8Bytes, toUtf8String } from 'ethers'
import { invalid } from './errors.js'

/** A message of `personal_sign`: its bytes, and how the user reads them. */
export function messageOf(message) {
  const bytes = isHexString(message) ? getBytes(message) : toUtf8Bytes(message)
  try {
    return { bytes, text: toUtf8String(bytes) }
  } catch {
    return { bytes, text: hexlify(bytes) }
  }
}

/** The typed data of `eth_signTypedData_v4`. That of another chain is refused. */
export function typedDataOf(json, chainId) {
  const { domain, types, primaryType, message } = typeof json === 'string' ? JSON.parse(json) : json
  if (domain.chainId !== undefined && BigInt(domain.chainId) !== BigInt(chainId)) {
    throw invalid(`Provided chainId "${domain.chainId}" must match the active chainId "${BigInt(chainId)}"`)
  }
  const { EIP712Domain: _, ...own } = types
  return { domain, types: own, primaryType, message }
}

/** The user's key, which stays in here. */
export class Keys {
  #wallet

  constructor(privateKey) {
    this.#wallet = new Wallet(privateKey)
  }

  /** In lower case, as MetaMask tells it. */
  get address() {
    return this.#wallet.address.toLowerCase()
  }

  signTransaction(transaction) {
    return this.#wallet.signTransaction(transaction)
  }

  signMessage(bytes) {
    return this.#wallet.signMessage(bytes)
  }

  signTypedData({ domain, types, message }) {
    return this.#wallet.signTypedData(domain, types, message)
  }
}
