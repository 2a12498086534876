// What an account has: ETH and one token in one call, so that both are of one block.

import { Interface } from 'ethers'
import { erc20 } from './token.js'

const address = '0xcA11bde05977b3631167028862bE2a173976CA11'
const multicall = new Interface([
  'function aggregate3((address target, bool allowFailure, bytes callData)[]) view returns ((bool success, bytes data)[])',
  'function getEthBalance(address) view returns (uint256)',
  'function getBlockNumber() view returns (uint256)',
])

/** `{ eth, tokens, block }`: amounts in the smallest unit after block `at`, and its number. */
export async function readBalances(wallet, account, token, at) {
  const calls = [
    [address, multicall, 'getEthBalance', [account]],
    [token, erc20, 'balanceOf', [account]],
    [address, multicall, 'getBlockNumber', []],
  ]
  const encoded = calls.map(([target, abi, name, args]) => [target, false, abi.encodeFunctionData(name, args)])
  const data = multicall.encodeFunctionData('aggregate3', [encoded])
  const answer = await wallet.request({ method: 'eth_call', params: [{ to: address, data }, at] })
  const [results] = multicall.decodeFunctionResult('aggregate3', answer)
  const [eth, tokens, block] = calls.map(([, abi, name], at) => abi.decodeFunctionResult(name, results[at].data)[0])
  return { eth, tokens, block }
}
