// From what a page asks for to a transaction that is ready to sign, with the calls that MetaMask makes for it.

import { formatEther, toQuantity } from 'ethers'
import { suggestedFees } from './fees.js'
import { reasonOf, transferOf } from './tokens.js'

/**
 * A transaction whose every field is filled in, and `warning`: why it is expected to fail, if it is. The nonce
 * is the network's, or `nextNonce` if what the wallet has sent is not in the block that it knows.
 */
export async function prepare(call, chainId, request, nextNonce) {
  const { from, to, value = '0x0', data = '0x' } = request
  const block = await call('eth_getBlockByNumber', ['latest', false])
  const [fees, nonce, code] = await Promise.all([
    suggestedFees(call, block),
    call('eth_getTransactionCount', [from, 'latest']),
    call('eth_getCode', [to, 'latest']),
  ])
  const { gasLimit, warning } = await limit(call, BigInt(block.gasLimit), { from, to, value, data })
  const fields = { nonce: Math.max(Number(nonce), nextNonce), to, value, data, gasLimit }
  const transaction = { type: 2, chainId: BigInt(chainId), ...fields, ...fees }
  return { transaction, warning, isCall: code !== '0x' }
}

/** Half more than the estimate, as MetaMask has it; if there is none, the user is told why and may go on. */
async function limit(call, blockLimit, fields) {
  const most = (blockLimit * 19n) / 20n
  try {
    const estimate = BigInt(await call('eth_estimateGas', [{ ...fields, gas: toQuantity(most) }]))
    const roomy = (estimate * 3n) / 2n
    return { gasLimit: roomy < most ? roomy : most }
  } catch (error) {
    return { gasLimit: most, warning: `This transaction is expected to fail: ${reasonOf(error)}` }
  }
}

/** What the user reads before signing. */
export async function rowsOf(call, symbol, from, { transaction, isCall }) {
  const { to, value, data, gasLimit, maxFeePerGas } = transaction
  const transfer = isCall ? await transferOf(call, transaction) : null
  const rows = [
    ['From', from],
    ['To', transfer?.to ?? to],
    ['Amount', transfer?.amount ?? `${formatEther(value)} ${symbol}`],
  ]
  if (data !== '0x') rows.push(transfer ? ['Token', to] : ['Data', data])
  return [...rows, ['Network fee, at most', `${formatEther(gasLimit * maxFeePerGas)} ${symbol}`]]
}
