// ethers v6 against a Spillway node. JsonRpcProvider batches its requests by default, so most of this goes through batches.

import assert from 'node:assert/strict'
import {
  Contract,
  HDNodeWallet,
  Interface,
  JsonRpcProvider,
  Mnemonic,
  NonceManager,
  WebSocketProvider,
  ZeroAddress,
  ZeroHash,
  isError,
  keccak256,
  parseEther,
} from 'ethers'
import {
  abiOf,
  becomes,
  chainId,
  failure,
  inboxAddress,
  initialBalance,
  initialTokens,
  inTime,
  mnemonic,
  multicallAddress,
  payoutAddress,
  run,
  shown,
  signal,
  systemAddress,
  token,
  url,
  withdrawAddress,
  wsUrl,
} from './theme.js'

const accountAt = (index) => HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(mnemonic), `m/44'/60'/0'/0/${index}`)

// Without its cache, which would show balances of 250 ms ago.
const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 20 })
const alice = accountAt(0).connect(provider)
const bob = accountAt(1).connect(provider)

const value = parseEther('0.25')

/** Fields that a hand-made transaction needs, with fees that stay sufficient for the whole test. */
async function template() {
  const { baseFeePerGas } = await provider.getBlock('latest')
  const maxFeePerGas = baseFeePerGas * 4n + 10n ** 9n
  return { type: 2, chainId, to: bob.address, value, gasLimit: 21_000n, maxFeePerGas, maxPriorityFeePerGas: 0n }
}

/** `count` signed transfers from Alice to Bob with consecutive nonces from her next one. */
async function signedRow(count) {
  const fields = await template()
  const nonce = await provider.getTransactionCount(alice.address)
  return Promise.all(Array.from({ length: count }, (_, i) => alice.signTransaction({ ...fields, nonce: nonce + i })))
}

const receiptOf = (tx) => inTime(`receipt of ${tx.hash}`, tx.wait())

const balances = async () => ({
  alice: await provider.getBalance(alice.address),
  bob: await provider.getBalance(bob.address),
})

/** Checks that Alice's `receipts` moved `value` each to Bob, and nothing else. */
async function checkBalances(before, receipts) {
  const fees = receipts.reduce((sum, receipt) => sum + receipt.gasUsed * receipt.gasPrice, 0n)
  const moved = value * BigInt(receipts.length)
  assert.deepEqual(await balances(), { alice: before.alice - moved - fees, bob: before.bob + moved })
}

async function connects() {
  assert.equal((await provider.getNetwork()).chainId, BigInt(chainId))
  shown('chain id')
  const addresses = Array.from({ length: 20 }, (_, index) => accountAt(index).address)
  const found = await Promise.all(addresses.map((address) => provider.getBalance(address)))
  assert.ok(found.every((balance) => balance === initialBalance))
  shown('20 funded accounts, read in one batch')
  assert.equal(await provider.getCode(bob.address), '0x')
  shown('an account has no code')
}

async function sends() {
  for (const fields of [{ type: 0 }, { type: 1, accessList: [] }, { type: 2 }]) {
    const before = await balances()
    // The library fills in nonce, gas and fees by itself.
    const tx = await alice.sendTransaction({ ...fields, to: bob.address, value })
    const receipt = await receiptOf(tx)
    assert.equal(receipt.status, 1)
    assert.equal(receipt.type, fields.type)
    assert.equal(receipt.hash, tx.hash)
    assert.equal(receipt.from, alice.address)
    assert.equal(receipt.to, bob.address)
    assert.equal(receipt.gasUsed, 21_000n)
    assert.equal(receipt.contractAddress, null)
    assert.equal(receipt.logs.length, 0)
    const block = await provider.getBlock(receipt.blockHash)
    assert.equal(block.number, receipt.blockNumber)
    assert.equal(block.transactions[receipt.index], tx.hash)
    await checkBalances(before, [receipt])
    shown(`a transfer of type ${fields.type}: receipt and exact balances`)
  }
}

async function sendsInParallel() {
  const before = await balances()
  const sent = await Promise.all((await signedRow(50)).map((raw) => provider.broadcastTransaction(raw)))
  await checkBalances(before, await Promise.all(sent.map(receiptOf)))
  shown('50 transfers in one batch, nonces given by the client')
}

async function sendsWithNonceManager() {
  const before = await balances()
  const manager = new NonceManager(alice)
  const fields = await template()
  const sent = await Promise.all(Array.from({ length: 10 }, () => manager.sendTransaction(fields)))
  await checkBalances(before, await Promise.all(sent.map(receiptOf)))
  shown('10 transfers at once through NonceManager')
}

async function sendsReversed() {
  const before = await balances()
  const sent = []
  for (const raw of (await signedRow(10)).toReversed()) sent.push(await provider.broadcastTransaction(raw))
  await checkBalances(before, await Promise.all(sent.map(receiptOf)))
  shown('10 transfers with nonces from the highest to the lowest')
}

async function resends() {
  const before = await balances()
  const [raw] = await signedRow(1)
  const first = await provider.broadcastTransaction(raw)
  const receipt = await receiptOf(first)
  const second = await provider.broadcastTransaction(raw)
  assert.equal(second.hash, first.hash)
  assert.equal((await receiptOf(second)).blockHash, receipt.blockHash)
  await checkBalances(before, [receipt])
  shown('the same transaction twice is one transfer')
}

async function reads() {
  const [raw] = await signedRow(1)
  const hash = keccak256(raw)
  const receipt = await receiptOf(await provider.broadcastTransaction(raw))
  const full = await provider.getBlock(receipt.blockNumber, true)
  assert.equal(full.hash, receipt.blockHash)
  const tx = await provider.getTransaction(hash)
  // toJSON leaves out what ethers derives; the rest must be the same from both places.
  assert.deepEqual(full.getPrefetchedTransaction(hash).toJSON(), tx.toJSON())
  assert.equal(tx.from, alice.address)
  assert.equal(tx.to, bob.address)
  assert.equal(tx.value, value)
  assert.equal(tx.chainId, BigInt(chainId))
  shown('a block by number with its transactions')
  const brief = await provider.getBlock(receipt.blockHash)
  assert.equal(brief.number, receipt.blockNumber)
  const parent = await provider.getBlock(brief.parentHash)
  assert.equal(parent.number, receipt.blockNumber - 1)
  shown('a block and its parent by hash')
  assert.equal(await provider.getBlock(10 ** 9), null)
  assert.equal(await provider.getTransaction(ZeroHash), null)
  assert.equal(await provider.getTransactionReceipt(ZeroHash), null)
  shown('what does not exist is null')
}

async function estimates() {
  const { baseFeePerGas } = await provider.getBlock('latest')
  const fees = await provider.getFeeData()
  assert.ok(fees.gasPrice >= baseFeePerGas)
  assert.ok(fees.maxFeePerGas >= baseFeePerGas)
  assert.ok(fees.maxPriorityFeePerGas >= 0n)
  assert.equal(await provider.estimateGas({ from: alice.address, to: bob.address, value }), 21_000n)
  shown('fees and gas')
}

async function subscribes() {
  const socket = new WebSocketProvider(wsUrl)
  const first = signal()
  const found = signal()
  let wanted = Infinity
  // ethers hands on the number of each new head.
  const heads = []
  const look = () => {
    if (heads.includes(wanted)) found.resolve()
  }
  await socket.on('block', (number) => {
    heads.push(number)
    first.resolve()
    look()
  })
  // A block comes each second, so the first one shows that the subscription stands.
  await inTime('the first head', first.promise)
  const tx = await alice.connect(socket).sendTransaction({ to: bob.address, value })
  const receipt = await receiptOf(tx)
  wanted = receipt.blockNumber
  look()
  await inTime('the head of the block with the transfer', found.promise)
  const block = await socket.getBlock(receipt.blockNumber)
  assert.ok(block.transactions.includes(tx.hash))
  shown('newHeads by WebSocket shows the block of a transfer')
  await socket.destroy()
}

const abi = new Interface([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function transfer(address recipient, uint256 amount) returns (bool)',
])

async function logs() {
  const socket = new WebSocketProvider(wsUrl)
  const contract = new Contract(token, abi, socket)
  const polling = new Contract(token, abi, provider)
  const [watched, polled] = [signal(), signal()]
  await contract.on('Transfer', (from, to, value) => watched.resolve([from, to, value]))
  await polling.on('Transfer', (from, to, value) => polled.resolve([from, to, value]))
  // The subscription stands once a call after it is answered.
  await socket.getBlockNumber()
  const data = abi.encodeFunctionData('transfer', [bob.address, 5n])
  const receipt = await receiptOf(await alice.sendTransaction({ to: token, data, gasLimit: 30_000n }))
  const want = [alice.address, bob.address, 5n]
  const [found] = await polling.queryFilter(polling.filters.Transfer(alice.address), receipt.blockNumber)
  assert.deepEqual([...found.args], want)
  assert.equal(found.transactionHash, receipt.hash)
  assert.deepEqual(receipt.logs.map((log) => [...abi.parseLog(log).args]), [want])
  shown('a Transfer event by getLogs and in its receipt')
  assert.deepEqual(await inTime('the event by subscription', watched.promise), want)
  assert.deepEqual(await inTime('the event by polling', polled.promise), want)
  shown('and by subscription and by polling')
  await polling.removeAllListeners()
  await socket.destroy()
}

/** The deposits that fund the accounts: their transaction has no signature, and is read like any other. */
async function deposits() {
  const contract = new Contract(token, abi, provider)
  const minted = await contract.queryFilter(contract.filters.Transfer(ZeroAddress), 0)
  assert.equal(minted.length, 20)
  const transaction = await minted[0].getTransaction()
  assert.equal(transaction.from, systemAddress)
  assert.equal(transaction.to, inboxAddress)
  const receipt = await minted[0].getTransactionReceipt()
  assert.ok(receipt.logs.some(({ index }) => index === minted[0].index))
  const block = await provider.getBlock(receipt.blockHash, true)
  assert.equal(block.transactions[receipt.index], transaction.hash)
  assert.deepEqual(block.getPrefetchedTransaction(transaction.hash).toJSON(), transaction.toJSON())
  shown('deposits are Transfer events of a transaction that block, receipt and hash agree on')
}

/** Checks that ethers gives the error of `attempt` the code `expected`. */
async function refused(expected, attempt) {
  const error = await failure(expected, attempt)
  assert.ok(isError(error, expected), `not recognised as ${expected}: ${error}`)
  shown(`${expected}: ${error.info?.error?.message}`)
}

async function errors() {
  await receiptOf(await alice.sendTransaction({ to: bob.address, value }))
  const tooMuch = { to: bob.address, value: initialBalance * 2n }
  await refused('INSUFFICIENT_FUNDS', alice.sendTransaction(tooMuch))
  await refused('INSUFFICIENT_FUNDS', alice.sendTransaction({ ...tooMuch, gasLimit: 21_000n }))
  // Another value: the same transaction again would be answered as the first time.
  await refused('NONCE_EXPIRED', alice.sendTransaction({ to: bob.address, value: value + 1n, nonce: 0 }))
  await refused('UNSUPPORTED_OPERATION', provider.send('eth_noSuchMethod', []))
}

async function replacement() {
  const fields = await template()
  const nonce = await alice.getNonce()
  const [first, held, other] = await Promise.all([
    alice.signTransaction({ ...fields, nonce }),
    alice.signTransaction({ ...fields, nonce: nonce + 1 }),
    alice.signTransaction({ ...fields, nonce: nonce + 1, value: value + 1n }),
  ])
  const before = await balances()
  const waiting = await provider.broadcastTransaction(held)
  await refused('REPLACEMENT_UNDERPRICED', provider.broadcastTransaction(other))
  // The refusal did not disturb the transaction that is held.
  const filler = await provider.broadcastTransaction(first)
  await checkBalances(before, await Promise.all([filler, waiting].map(receiptOf)))
  shown('the transaction that was held is executed')
}

const erc20 = new Contract(token, abiOf('TokenFacade'), alice)

async function calls() {
  await becomes('the name that L1 says', 'Spillway development token', () => erc20.name())
  assert.equal(await erc20.symbol(), 'DEVT')
  assert.equal(await erc20.decimals(), 6n)
  assert.equal(await erc20.totalSupply(), 20n * initialTokens)
  assert.equal(await erc20.balanceOf(alice.address), initialTokens)
  shown('name, symbol, decimals, supply and balance of a token')
  const multicall = new Contract(multicallAddress, abiOf('Multicall3'), provider)
  const callData = erc20.interface.encodeFunctionData('balanceOf', [bob.address])
  const results = await multicall.aggregate3.staticCall([{ target: token, allowFailure: false, callData }])
  assert.equal(BigInt(results[0].returnData), initialTokens)
  assert.equal(await multicall.getEthBalance(bob.address), initialBalance)
  shown('balances by Multicall3')
  for (const attempt of [erc20.transfer.staticCall, erc20.transfer]) {
    const error = await failure('too much', attempt(bob.address, initialTokens + 1n))
    assert.ok(isError(error, 'CALL_EXCEPTION'), error)
    const { name, args } = erc20.interface.parseError(error.data)
    assert.equal(name, 'ERC20InsufficientBalance')
    assert.deepEqual([...args], [alice.address, initialTokens, initialTokens + 1n])
  }
  const refusal = await failure('approve', erc20.approve(bob.address, 1n))
  assert.match(refusal.reason, /no allowances on this chain/)
  shown('a transfer of too much and an approval revert before they are sent')
}

async function writesContracts() {
  const payouts = new Contract(payoutAddress, abiOf('IPayout'), alice)
  const withdrawals = new Contract(withdrawAddress, abiOf('IWithdraw'), alice)
  const payees = [alice, bob].map(({ address: recipient }) => ({ recipient, amount: 7n }))
  for (const [send, gas] of [
    [() => erc20.transfer(bob.address, 5n), 30_000n],
    [() => payouts.payout(payees, { value: 14n }), 45_000n],
    [() => withdrawals.withdrawToken(token, 12n, alice.address), 60_000n],
  ]) {
    const receipt = await receiptOf(await send())
    assert.deepEqual([receipt.status, receipt.gasUsed], [1, gas])
  }
  assert.equal(await erc20.balanceOf(alice.address), initialTokens - 17n)
  shown('a transfer, a payout and a withdrawal through their ABI')
}

await run({
  connects,
  sends,
  sends_in_parallel: sendsInParallel,
  sends_with_nonce_manager: sendsWithNonceManager,
  sends_reversed: sendsReversed,
  resends,
  reads,
  estimates,
  subscribes,
  logs,
  deposits,
  errors,
  replacement,
  calls,
  writes_contracts: writesContracts,
})
