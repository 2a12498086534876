// The network, as a wallet is told of it.

/** Chain id of a development chain, 51717. */
const chainId = '0xca05'

/** The parameters of `wallet_addEthereumChain` for the node at `rpc`. */
export function networkAt(rpc) {
  return {
    chainId,
    chainName: 'Spillway dev',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: [rpc],
  }
}

/** Has the wallet use the network, adding it if the wallet does not know it. The user confirms either. */
export async function join(wallet, network) {
  const { chainId } = network
  try {
    await wallet.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] })
  } catch (error) {
    if (error.code !== 4902) throw error
    await wallet.request({ method: 'wallet_addEthereumChain', params: [network] })
  }
}
