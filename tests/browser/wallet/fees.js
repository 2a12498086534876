// What to offer for gas, as MetaMask does for a network without a gas service of its own: the middle of its three
// levels, from the last blocks.

const percentiles = [10, 20, 30]
const middle = 1
const baseFeePercent = 120n
const tipPercent = 97n
const lowestTip = 1_500_000_000n

/** `maxFeePerGas` and `maxPriorityFeePerGas`, in wei, for a transaction after `block`. */
export async function suggestedFees(call, block) {
  const history = await call('eth_feeHistory', ['0x5', block.number, percentiles])
  const tips = history.reward.map((levels) => BigInt(levels[middle]))
  const usual = (median(tips) * tipPercent) / 100n
  const maxPriorityFeePerGas = usual > lowestTip ? usual : lowestTip
  const baseFee = (BigInt(block.baseFeePerGas) * baseFeePercent) / 100n
  return { maxFeePerGas: baseFee + maxPriorityFeePerGas, maxPriorityFeePerGas }
}

function median(values) {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : 1))
  return sorted[sorted.length >> 1]
}
