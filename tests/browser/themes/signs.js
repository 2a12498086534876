// Signatures that are no transactions.

import assert from 'node:assert/strict'
import { hexlify, toUtf8Bytes, verifyMessage, verifyTypedData } from 'ethers'
import { chainId, shown } from '../../clients/theme.js'
import { other, user, withUser } from './user.js'

const invoice = {
  domain: { name: 'Invoices', chainId },
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'chainId', type: 'uint256' },
    ],
    Invoice: [
      { name: 'number', type: 'uint256' },
      { name: 'payer', type: 'address' },
    ],
  },
  primaryType: 'Invoice',
  message: { number: 7, payer: other.address },
}

export const signs = () =>
  withUser(async (hands) => {
    await hands.arrives()
    const words = 'Invoice 7 is mine.'
    const signing = hands.requests('personal_sign', [hexlify(toUtf8Bytes(words)), user.address])
    assert.equal((await hands.confirms('Sign this message?')).rows.Message, words)
    assert.equal(verifyMessage(words, (await signing).result), user.address)
    shown('a message is signed')

    const typed = (data) => hands.requests('eth_signTypedData_v4', [user.address, JSON.stringify(data)])
    const signature = typed(invoice)
    await hands.confirms('Sign this Invoice?')
    const { Invoice } = invoice.types
    assert.equal(verifyTypedData(invoice.domain, { Invoice }, invoice.message, (await signature).result), user.address)
    const elsewhere = await typed({ ...invoice, domain: { ...invoice.domain, chainId: 1 } })
    assert.equal(elsewhere.code, -32602)
    shown('typed data is signed, and that of another chain refused')
  })
