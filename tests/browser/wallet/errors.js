// The errors of EIP-1193 and EIP-1474 that a wallet answers with.

/** What `request` is rejected with: `code` is what a page decides by. */
export class ProviderError extends Error {
  constructor(code, message, data) {
    super(message)
    this.code = code
    this.data = data
  }
}

export const rejected = () => new ProviderError(4001, 'User rejected the request.')
export const unauthorized = () =>
  new ProviderError(4100, 'The requested account and/or method has not been authorized by the user.')
export const unsupported = (method) => new ProviderError(4200, `The wallet does not support ${method}.`)
export const disconnected = (url) => new ProviderError(4900, `No answer from ${url}.`)
export const unknownChain = (chainId) =>
  new ProviderError(4902, `Unrecognized chain ID "${chainId}". Try adding the chain using wallet_addEthereumChain first.`)
export const invalid = (message) => new ProviderError(-32602, message)
