// The token: its ABI, and what it says of itself.

import { Interface } from 'ethers'

export const erc20 = new Interface([
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function balanceOf(address) view returns (uint256)',
  'function transfer(address to, uint256 value)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
])

/** `{ address, symbol, decimals }`, as `wallet_watchAsset` wants it. */
export async function describeToken(wallet, address) {
  const ask = async (name) => {
    const call = { to: address, data: erc20.encodeFunctionData(name) }
    const answer = await wallet.request({ method: 'eth_call', params: [call, 'latest'] })
    return erc20.decodeFunctionResult(name, answer)[0]
  }
  const [symbol, decimals] = await Promise.all([ask('symbol'), ask('decimals')])
  return { address, symbol, decimals: Number(decimals) }
}
