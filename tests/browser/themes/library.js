// A page of somebody else's, which leaves the wallet to ethers.

import assert from 'node:assert/strict'
import { inTime, shown, token } from '../../clients/theme.js'
import { other, user, withUser } from './user.js'

export const library = () =>
  withUser(async (hands) => {
    await hands.arrives()
    const paying = hands.page.evaluate(pay, { token, to: other.address })
    const [{ signer, gas, transfer, refusal }] = await inTime('both payments', Promise.all([paying, confirmsTwice(hands)]))
    assert.equal(signer, user.address)
    assert.deepEqual(gas, ['21000', '30000'])
    assert.deepEqual(transfer, [user.address, other.address, '5'])
    shown('ethers sends ETH and tokens through the wallet, and waits for their receipts')
    assert.equal(refusal, 'ERC20InsufficientBalance')
    shown(`it decodes why a transfer would be refused: ${refusal}`)
    hands.isCalm()
  })

/** One for the ETH, one for the tokens. */
async function confirmsTwice(hands) {
  await hands.confirms('Send this transaction?')
  await hands.confirms('Send this transaction?')
}

/** Runs in the page. */
async function pay({ token, to }) {
  const { BrowserProvider, Contract } = await import('ethers')
  const provider = new BrowserProvider(window.ethereum)
  const signer = await provider.getSigner()
  const abi = [
    'function transfer(address to, uint256 value) returns (bool)',
    'event Transfer(address indexed from, address indexed to, uint256 value)',
    'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  ]
  const contract = new Contract(token, abi, signer)
  const receipts = [
    await (await signer.sendTransaction({ to, value: 5n })).wait(),
    await (await contract.transfer(to, 5n)).wait(),
  ]
  const refusal = await contract.transfer.staticCall(to, 10n ** 18n).catch((error) => error.revert?.name)
  return {
    signer: signer.address,
    gas: receipts.map(({ gasUsed }) => String(gasUsed)),
    transfer: receipts[1].logs[0].args.map(String),
    refusal,
  }
}
