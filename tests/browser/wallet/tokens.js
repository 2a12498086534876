// Tokens: what a contract says of itself, and what a call of it means to the user.

import { Interface, formatUnits } from 'ethers'
import { invalid } from './errors.js'

const erc20 = new Interface([
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function transfer(address to, uint256 value)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
])

/** Symbol and decimals, as the contract itself says. */
export async function describe(call, address) {
  const ask = async (name) => {
    const data = await call('eth_call', [{ to: address, data: erc20.encodeFunctionData(name) }, 'latest'])
    return erc20.decodeFunctionResult(name, data)[0]
  }
  const [symbol, decimals] = await Promise.all([ask('symbol'), ask('decimals')])
  return { address, symbol, decimals: Number(decimals) }
}

/** The token that `wallet_watchAsset` asks for. What the page says must be what the contract says. */
export async function watched(call, { type, options }) {
  if (type !== 'ERC20') throw invalid(`Asset of type '${type}' not supported`)
  const token = await describe(call, options.address).catch(() => {
    throw invalid(`${options.address} is not a token`)
  })
  for (const key of ['symbol', 'decimals']) {
    const claimed = options[key] ?? token[key]
    if (claimed !== token[key]) throw invalid(`The ${key} in the contract is ${token[key]}, not ${claimed}`)
  }
  return token
}

/** `{ to, amount }` of a transfer of a token in words, null for any other data. */
export async function transferOf(call, { to, data }) {
  const parsed = erc20.parseTransaction({ data })
  if (parsed?.name !== 'transfer') return null
  const token = await describe(call, to)
  return { to: parsed.args.to, amount: `${formatUnits(parsed.args.value, token.decimals)} ${token.symbol}` }
}

/** What a node says against a call: its words, and the names of what it reverted with where that is known. */
export function reasonOf({ message, data }) {
  const error = typeof data === 'string' && data.length >= 10 ? erc20.parseError(data) : null
  return error ? `${message}: ${error.name}(${error.args.join(', ')})` : message
}
