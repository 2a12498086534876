// viem against a devnet, run by clients.rs in the directory where viem is installed. Prints `done`.

const assert = require('node:assert/strict')
const { createRequire } = require('node:module')
const path = require('node:path')
const process = require('node:process')

const load = createRequire(path.join(process.cwd(), 'viem.js'))
const viem = load('viem')
const { privateKeyToAccount } = load('viem/accounts')

const { DEVNET_URL, DEVNET_KEY } = process.env
const url = `http://${DEVNET_URL}`
const chain = viem.defineChain({
  id: 31337,
  name: 'devnet',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [url] } },
})
const account = privateKeyToAccount(DEVNET_KEY)
const pollingInterval = 20
const reader = viem.createPublicClient({ chain, transport: viem.http(url), pollingInterval })
const socket = viem.createPublicClient({ chain, transport: viem.webSocket(`ws://${DEVNET_URL}`) })
const wallet = viem.createWalletClient({ account, chain, transport: viem.http(url), pollingInterval })

async function failure(promise) {
  const error = await promise.then(() => null, (error) => error)
  assert.notEqual(error, null, 'it did not fail')
  return error
}

async function main() {
  const watched = new Promise((resolve, reject) => {
    const stop = socket.watchBlockNumber({
      onBlockNumber: (number) => { stop(); resolve(number) },
      onError: reject,
    })
  })
  const hash = await wallet.sendTransaction({ to: account.address, value: 1n })
  const receipt = await reader.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  const block = await reader.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true })
  assert.equal(block.transactions[0].hash, hash)
  assert.ok((await watched) > 0n)

  const low = await failure(wallet.sendTransaction({ to: account.address, nonce: 0, gas: 21000n }))
  assert.ok(low.walk((error) => error instanceof viem.NonceTooLowError), low.message)
  const poor = await failure(wallet.sendTransaction({ to: account.address, value: 10n ** 30n, gas: 21000n }))
  assert.ok(poor.walk((error) => error instanceof viem.InsufficientFundsError), poor.message)
  const history = await reader.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })
  assert.equal(history.baseFeePerGas.length, 3)
  assert.equal(await reader.getBlobBaseFee(), 1n)
  console.log('done')
  process.exit(0)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
