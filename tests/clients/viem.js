// viem against a Spillway node.

import assert from 'node:assert/strict'
import {
  BlockNotFoundError,
  ContractFunctionRevertedError,
  FeeCapTooLowError,
  InsufficientFundsError,
  IntrinsicGasTooLowError,
  MethodNotFoundRpcError,
  NonceTooHighError,
  NonceTooLowError,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
  TransactionTypeNotSupportedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  getAddress,
  http,
  keccak256,
  parseAbi,
  parseEther,
  stringToHex,
  webSocket,
  zeroAddress,
  zeroHash,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import {
  abiOf,
  becomes,
  chainId,
  failure,
  initialBalance,
  initialTokens,
  inTime,
  memoAddress,
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

const chain = defineChain({
  id: chainId,
  name: 'Spillway',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [url] } },
  contracts: { multicall3: { address: multicallAddress } },
})

const pollingInterval = 20
const [alice, bob] = [0, 1].map((addressIndex) => mnemonicToAccount(mnemonic, { addressIndex }))
const reader = createPublicClient({ chain, transport: http(url), pollingInterval })
const wallet = createWalletClient({ account: alice, chain, transport: http(url), pollingInterval })

const value = parseEther('0.25')

/** Fields that a hand-made transaction needs, with fees that stay sufficient for the whole test. */
async function template(type = 'eip1559') {
  const { baseFeePerGas } = await reader.getBlock()
  const price = baseFeePerGas * 4n + 10n ** 9n
  const fees = type === 'eip1559' ? { maxFeePerGas: price, maxPriorityFeePerGas: 0n } : { gasPrice: price }
  return { type, chainId, to: bob.address, value, gas: 21_000n, ...fees }
}

/** `count` signed transfers from Alice to Bob with consecutive nonces from her next one. */
async function signedRow(count) {
  const fields = await template()
  const nonce = await reader.getTransactionCount({ address: alice.address })
  return Promise.all(Array.from({ length: count }, (_, i) => alice.signTransaction({ ...fields, nonce: nonce + i })))
}

const send = (serializedTransaction) => reader.sendRawTransaction({ serializedTransaction })
const receiptOf = (hash) => inTime(`receipt of ${hash}`, reader.waitForTransactionReceipt({ hash }))
const balanceOf = (account) => reader.getBalance({ address: account.address })

/** Checks that Alice's `receipts` moved `value` each to Bob, and nothing else. */
async function checkBalances(before, receipts) {
  const fees = receipts.reduce((sum, receipt) => sum + receipt.gasUsed * receipt.effectiveGasPrice, 0n)
  const moved = value * BigInt(receipts.length)
  assert.equal(await balanceOf(alice), before.alice - moved - fees)
  assert.equal(await balanceOf(bob), before.bob + moved)
}

const balances = async () => ({ alice: await balanceOf(alice), bob: await balanceOf(bob) })

async function connects() {
  assert.equal(await reader.getChainId(), chainId)
  shown('chain id')
  for (let addressIndex = 0; addressIndex < 20; addressIndex++) {
    const { address } = mnemonicToAccount(mnemonic, { addressIndex })
    assert.equal(await reader.getBalance({ address }), initialBalance)
    assert.equal(await reader.getTransactionCount({ address }), 0)
  }
  shown('20 funded accounts')
  assert.equal(await reader.getCode({ address: bob.address }), undefined)
  shown('an account has no code')
}

async function sends() {
  for (const type of ['legacy', 'eip2930', 'eip1559']) {
    const before = await balances()
    // The library fills in nonce, gas and fees by itself.
    const request = { type, to: bob.address, value, ...(type === 'eip2930' ? { accessList: [] } : {}) }
    const hash = await wallet.sendTransaction(request)
    const receipt = await receiptOf(hash)
    assert.equal(receipt.status, 'success')
    assert.equal(receipt.type, type)
    assert.equal(receipt.transactionHash, hash)
    assert.equal(receipt.from, alice.address.toLowerCase())
    assert.equal(receipt.to, bob.address.toLowerCase())
    assert.equal(receipt.gasUsed, 21_000n)
    assert.equal(receipt.contractAddress ?? null, null)
    assert.deepEqual(receipt.logs, [])
    const block = await reader.getBlock({ blockHash: receipt.blockHash })
    assert.equal(block.number, receipt.blockNumber)
    assert.equal(block.transactions[receipt.transactionIndex], hash)
    await checkBalances(before, [receipt])
    shown(`a transfer of type ${type}: receipt and exact balances`)
  }
}

async function sendsSync() {
  const before = await balances()
  const [serializedTransaction] = await signedRow(1)
  const receipt = await reader.sendRawTransactionSync({ serializedTransaction })
  assert.equal(receipt.status, 'success')
  assert.equal(receipt.transactionHash, keccak256(serializedTransaction))
  await checkBalances(before, [receipt])
  shown('sendRawTransactionSync answers the receipt')
}

async function sendsInParallel() {
  const before = await balances()
  const row = await signedRow(50)
  const hashes = await Promise.all(row.map(send))
  assert.deepEqual(hashes, row.map((raw) => keccak256(raw)))
  const receipts = await Promise.all(hashes.map(receiptOf))
  assert.ok(receipts.every((receipt) => receipt.status === 'success'))
  await checkBalances(before, receipts)
  shown('50 transfers at once, nonces given by the client')
}

async function sendsReversed() {
  const before = await balances()
  const row = await signedRow(10)
  const hashes = []
  for (const raw of row.toReversed()) hashes.push(await send(raw))
  const receipts = await Promise.all(hashes.map(receiptOf))
  await checkBalances(before, receipts)
  shown('10 transfers with nonces from the highest to the lowest')
}

async function resends() {
  const before = await balances()
  const [raw] = await signedRow(1)
  const hash = await send(raw)
  assert.equal(await send(raw), hash)
  const receipt = await receiptOf(hash)
  assert.equal(await send(raw), hash)
  assert.deepEqual(await receiptOf(hash), receipt)
  await checkBalances(before, [receipt])
  shown('the same transaction three times is one transfer')
}

async function reads() {
  const [raw] = await signedRow(1)
  const { blockNumber, blockHash, transactionHash: hash } = await receiptOf(await send(raw))
  const full = await reader.getBlock({ blockNumber, includeTransactions: true })
  assert.equal(full.hash, blockHash)
  const inBlock = full.transactions.find((tx) => tx.hash === hash)
  const byHash = await reader.getTransaction({ hash })
  assert.deepEqual(inBlock, byHash)
  assert.equal(byHash.from, alice.address.toLowerCase())
  assert.equal(byHash.to, bob.address.toLowerCase())
  assert.equal(byHash.value, value)
  assert.equal(byHash.gas, 21_000n)
  assert.equal(byHash.chainId, chainId)
  assert.equal(byHash.input, '0x')
  shown('a block by number with its transactions')
  const brief = await reader.getBlock({ blockHash })
  assert.equal(brief.number, blockNumber)
  assert.ok(brief.transactions.includes(hash))
  shown('a block by hash')
  const parent = await reader.getBlock({ blockHash: brief.parentHash })
  assert.equal(parent.number, blockNumber - 1n)
  shown('its parent by parentHash')
  await failure('an unknown block', reader.getBlock({ blockNumber: 10n ** 9n })).then((error) =>
    assert.ok(error instanceof BlockNotFoundError, error),
  )
  await failure('an unknown transaction', reader.getTransaction({ hash: zeroHash })).then((error) =>
    assert.ok(error instanceof TransactionNotFoundError, error),
  )
  await failure('an unknown receipt', reader.getTransactionReceipt({ hash: zeroHash })).then((error) =>
    assert.ok(error instanceof TransactionReceiptNotFoundError, error),
  )
  shown('what does not exist is not found')
}

async function estimates() {
  const { baseFeePerGas } = await reader.getBlock()
  const fees = await reader.estimateFeesPerGas()
  assert.ok(fees.maxFeePerGas >= baseFeePerGas)
  assert.ok((await reader.getGasPrice()) >= baseFeePerGas)
  assert.ok((await reader.estimateMaxPriorityFeePerGas()) >= 0n)
  assert.equal(await reader.estimateGas({ account: alice, to: bob.address, value }), 21_000n)
  const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })
  assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1)
  shown('fees, gas and fee history')
}

async function subscribes() {
  const socket = createPublicClient({ chain, transport: webSocket(wsUrl) })
  const first = signal()
  const found = signal()
  const heads = []
  let wanted
  const look = () => {
    const head = heads.find(({ hash }) => hash === wanted)
    if (head) found.resolve(head)
  }
  const unwatch = socket.watchBlocks({
    onBlock: (block) => {
      heads.push(block)
      first.resolve()
      look()
    },
    onError: first.reject,
  })
  // A block comes each second, so the first one shows that the subscription stands.
  await inTime('the first head', first.promise)
  const [raw] = await signedRow(1)
  const receipt = await receiptOf(await send(raw))
  wanted = receipt.blockHash
  look()
  const head = await inTime('the head of the block with the transfer', found.promise)
  assert.equal(head.number, receipt.blockNumber)
  shown('newHeads by WebSocket shows the block of a transfer')
  unwatch()
}

const abi = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Memo(address indexed from, address indexed to, bytes32 indexed memoHash, address token, uint128 amount, bytes memo)',
  'event Withdrawal(uint32 indexed index, address indexed account, address indexed recipient, address token, uint128 amount)',
  'event Payout(address indexed account, address indexed recipient, address indexed token, uint128 amount)',
  'function transfer(address recipient, uint256 amount)',
  'struct Payee { address recipient; uint256 amount; }',
  'function payoutToken(address token, Payee[] payees)',
  'function withdrawToken(address token, uint256 amount, address recipient)',
])

/** Sends a call of `abi`, and waits for its receipt. `memo` follows the arguments. */
async function call(to, functionName, args, gas, memo = '0x') {
  const { to: _, value: __, ...fields } = await template()
  const nonce = await reader.getTransactionCount({ address: alice.address })
  const data = encodeFunctionData({ abi, functionName, args }) + memo.slice(2)
  const serializedTransaction = await alice.signTransaction({ ...fields, nonce, to, data, gas })
  return receiptOf(await reader.sendRawTransaction({ serializedTransaction }))
}

/** The Transfer events of the test token, from whatever the library found. */
const transfers = (logs) =>
  logs.filter((log) => log.eventName === 'Transfer').map(({ args: { from, to, value } }) => [from, to, value])

async function logs() {
  const watched = []
  const polled = []
  const enough = signal()
  const socket = createPublicClient({ chain, transport: webSocket(wsUrl) })
  const collect = (into) => (logs) => {
    into.push(...transfers(logs))
    if (watched.length >= 4 && polled.length >= 4) enough.resolve()
  }
  const subject = { address: token, abi, eventName: 'Transfer' }
  const unwatch = socket.watchContractEvent({ ...subject, onLogs: collect(watched), onError: enough.reject })
  // Over HTTP the library installs a filter and polls it.
  const unpoll = reader.watchContractEvent({ ...subject, onLogs: collect(polled), onError: enough.reject })
  const filter = await reader.createContractEventFilter(subject)
  // The subscription stands once a call after it is answered.
  await socket.getBlockNumber()

  const reference = stringToHex('invoice 7')
  const [a, b] = [getAddress(alice.address), getAddress(bob.address)]
  const paid = await call(token, 'transfer', [b, 5n], 30_000n, reference)
  const payees = [b, a].map((recipient, at) => ({ recipient, amount: BigInt(at + 1) }))
  await call(payoutAddress, 'payoutToken', [token, payees], 45_000n)
  const left = await call(withdrawAddress, 'withdrawToken', [token, 9n, b], 60_000n)
  const want = [
    [a, b, 5n],
    [a, b, 1n],
    [a, a, 2n],
    [a, zeroAddress, 9n],
  ]
  const fromBlock = paid.blockNumber
  assert.deepEqual(transfers(await reader.getContractEvents({ ...subject, fromBlock })), want)
  shown('getLogs finds the Transfer events of a transfer, a payout and a withdrawal')
  assert.deepEqual(transfers(await reader.getFilterChanges({ filter })), want)
  await inTime('the events by subscription and by filter', enough.promise)
  assert.deepEqual(watched, want)
  assert.deepEqual(polled, want)
  unwatch()
  unpoll()
  shown('a subscription and a filter show the same')
  const memo = { address: memoAddress, abi, eventName: 'Memo', args: { memoHash: keccak256(reference) } }
  const [found] = await reader.getContractEvents({ ...memo, fromBlock: 0n })
  assert.equal(found.transactionHash, paid.transactionHash)
  assert.deepEqual([found.args.memo, found.args.amount], [reference, 5n])
  shown('a payment is found by the hash of its reference')
  const events = { address: withdrawAddress, abi, eventName: 'Withdrawal', args: { account: a } }
  const [withdrawal] = await reader.getContractEvents({ ...events, fromBlock: 0n })
  assert.equal(withdrawal.transactionHash, left.transactionHash)
  assert.equal(withdrawal.args.index, 0)
  shown('a withdrawal is found by its account')
}

/** The deposits that fund the accounts: their transaction has no signature, and is read like any other. */
async function deposits() {
  const subject = { address: token, abi, eventName: 'Transfer', args: { from: zeroAddress } }
  const minted = await reader.getContractEvents({ ...subject, fromBlock: 0n })
  assert.equal(minted.length, 20)
  assert.ok(minted.every(({ args }) => args.value === 10n ** 12n))
  const hash = minted[0].transactionHash
  const transaction = await reader.getTransaction({ hash })
  assert.equal(transaction.from, systemAddress)
  assert.equal(transaction.type, 'legacy')
  const receipt = await receiptOf(hash)
  assert.ok(receipt.logs.some(({ logIndex }) => logIndex === minted[0].logIndex))
  const block = await reader.getBlock({ blockHash: receipt.blockHash, includeTransactions: true })
  assert.deepEqual(block.transactions[receipt.transactionIndex], transaction)
  const count = await reader.getBlockTransactionCount({ blockHash: receipt.blockHash })
  assert.equal(count, block.transactions.length)
  shown('deposits are Transfer events of a transaction that block, receipt and hash agree on')
}

async function batches() {
  const batched = createPublicClient({ chain, transport: http(url, { batch: true }), pollingInterval })
  const before = await balances()
  const row = await signedRow(20)
  const [number, ...rest] = await Promise.all([
    batched.getBlockNumber(),
    batched.getBalance({ address: bob.address }),
    failure('an unknown method', batched.request({ method: 'eth_noSuchMethod' })),
    ...row.map((serializedTransaction) => batched.sendRawTransaction({ serializedTransaction })),
  ])
  const [balance, unknown, ...hashes] = rest
  assert.equal(typeof number, 'bigint')
  assert.ok(balance >= before.bob)
  assert.ok(unknown instanceof MethodNotFoundRpcError, unknown)
  await checkBalances(before, await Promise.all(hashes.map(receiptOf)))
  shown('one HTTP batch of reads, an error and 20 transfers')
}

/** Checks that viem recognises the answer to `request` as an error of class `expected`. */
async function refused(request, expected) {
  const error = await failure(expected.name, wallet.sendTransaction({ to: bob.address, value, ...request }))
  assert.ok(
    error.walk((cause) => cause instanceof expected),
    `not recognised as ${expected.name}: ${error}`,
  )
  shown(`${expected.name}: ${error.details}`)
}

async function errors() {
  await receiptOf(await wallet.sendTransaction({ to: bob.address, value }))
  const tooMuch = { value: initialBalance * 2n }
  await refused(tooMuch, InsufficientFundsError)
  await refused({ ...tooMuch, gas: 21_000n }, InsufficientFundsError)
  // Another value: the same transaction again would be answered as the first time.
  await refused({ nonce: 0, value: value + 1n }, NonceTooLowError)
  await refused({ gas: 21_000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }, FeeCapTooLowError)
  await refused({ gas: 20_999n }, IntrinsicGasTooLowError)
}

async function limits() {
  const nonce = await reader.getTransactionCount({ address: alice.address })
  await refused({ nonce: nonce + 65 }, NonceTooHighError)
  const authorization = await alice.signAuthorization({ chainId, address: bob.address, nonce: nonce + 1 })
  await refused({ gas: 100_000n, authorizationList: [authorization] }, TransactionTypeNotSupportedError)
}

const erc20 = { address: token, abi: abiOf('TokenFacade') }
const payouts = { address: payoutAddress, abi: abiOf('IPayout') }
const withdrawals = { address: withdrawAddress, abi: abiOf('IWithdraw') }
const read = (functionName, ...args) => reader.readContract({ ...erc20, functionName, args })

async function calls() {
  await becomes('the name that L1 says', 'Spillway development token', () => read('name'))
  assert.equal(await read('symbol'), 'DEVT')
  assert.equal(await read('decimals'), 6)
  assert.equal(await read('totalSupply'), 20n * initialTokens)
  assert.equal(await read('balanceOf', alice.address), initialTokens)
  assert.ok((await reader.getCode({ address: token })).length > 2)
  shown('name, symbol, decimals, supply and balance of a token')
  const balances = [alice, bob].map(({ address }) => ({ ...erc20, functionName: 'balanceOf', args: [address] }))
  for (const deployless of [false, true]) {
    const found = await reader.multicall({ contracts: balances, allowFailure: false, deployless })
    assert.deepEqual(found, [initialTokens, initialTokens])
  }
  shown('balances by Multicall3, and without it')
}

/** The error of the contract with which the simulation of a call reverts. */
async function reverts(call) {
  const error = await failure(call.functionName, reader.simulateContract({ account: alice, ...call }))
  return error.walk((cause) => cause instanceof ContractFunctionRevertedError)
}

async function simulates() {
  const tooMuch = { functionName: 'transfer', args: [bob.address, initialTokens + 1n] }
  const { data } = await reverts({ ...erc20, ...tooMuch })
  assert.equal(data.errorName, 'ERC20InsufficientBalance')
  assert.deepEqual(data.args, [alice.address, initialTokens, initialTokens + 1n])
  shown('a transfer of too much reverts with the error of ERC-6093')
  const { reason } = await reverts({ ...erc20, functionName: 'approve', args: [bob.address, 1n] })
  assert.match(reason, /no allowances on this chain/)
  shown(`approve reverts: ${reason}`)
  const payees = Array.from({ length: 64 }, (_, i) => ({ recipient: `0x${String(i).padStart(40, '1')}`, amount: 1n }))
  const large = await reverts({ ...payouts, functionName: 'payout', args: [payees], value: 64n })
  assert.match(large.reason, /payout is too large/)
  shown(`a payout reverts: ${large.reason}`)
}

/** Simulates a call, sends it, and checks its gas. */
async function writes(call, gas) {
  const { request } = await reader.simulateContract({ account: alice, ...call })
  assert.equal(await reader.estimateContractGas({ account: alice, ...call }), gas)
  const receipt = await receiptOf(await wallet.writeContract(request))
  assert.equal(receipt.status, 'success')
  assert.equal(receipt.gasUsed, gas)
  shown(`${call.functionName}: simulated, sent, ${gas} gas`)
}

async function writesContracts() {
  await writes({ ...erc20, functionName: 'transfer', args: [bob.address, 5n] }, 30_000n)
  const payees = [alice, bob].map(({ address: recipient }) => ({ recipient, amount: 7n }))
  await writes({ ...payouts, functionName: 'payout', args: [payees], value: 14n }, 45_000n)
  await writes({ ...payouts, functionName: 'payoutToken', args: [token, payees] }, 45_000n)
  assert.equal(await read('balanceOf', bob.address), initialTokens + 12n)
  await writes({ ...withdrawals, functionName: 'withdraw', args: [alice.address], value: 3n }, 60_000n)
  await writes({ ...withdrawals, functionName: 'withdrawToken', args: [token, 12n, alice.address] }, 60_000n)
  assert.equal(await read('balanceOf', alice.address), initialTokens - 24n)
  assert.equal(await read('totalSupply'), 20n * initialTokens - 12n)
}

await run({
  connects,
  sends,
  sends_sync: sendsSync,
  sends_in_parallel: sendsInParallel,
  sends_reversed: sendsReversed,
  resends,
  reads,
  estimates,
  subscribes,
  logs,
  deposits,
  batches,
  errors,
  limits,
  calls,
  simulates,
  writes_contracts: writesContracts,
})
