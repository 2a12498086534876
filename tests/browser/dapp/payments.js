// Payments. The wallet fills in nonce, gas and fees, asks the user, and signs.

import { parseEther, parseUnits, toQuantity } from 'ethers'
import { erc20 } from './token.js'

/** The transaction that pays `amount`, in words such as "1.25", of ETH or, if there is one, of `token`. */
export function payment(from, to, amount, token) {
  if (!token) return { from, to, value: toQuantity(parseEther(amount)) }
  const data = erc20.encodeFunctionData('transfer', [to, parseUnits(amount, token.decimals)])
  return { from, to: token.address, data }
}

/** Sends it. A hash in answer means that it is in a block on disk, so its receipt is there: nothing to wait for. */
export async function pay(wallet, transaction) {
  const hash = await wallet.request({ method: 'eth_sendTransaction', params: [transaction] })
  return wallet.request({ method: 'eth_getTransactionReceipt', params: [hash] })
}
