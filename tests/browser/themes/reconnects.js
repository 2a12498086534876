// A connection that breaks: the page says so, and what happened meanwhile is there when it is back.

import { parseEther } from 'ethers'
import { shown, url } from '../../clients/theme.js'
import { Proxy } from '../proxy.js'
import { othersPay, user, withUser } from './user.js'

export async function reconnects() {
  const proxy = await Proxy.before(url)
  await withUser(async (hands) => {
    await hands.arrives()
    await hands.sees('eth', '1000.0')
    proxy.cut()
    await hands.sees('live', 'not connected')
    shown('the page tells when the connection is lost')
    await othersPay({ to: user.address, value: parseEther('2') })
    proxy.mend()
    await hands.sees('live', 'live')
    await hands.sees('eth', '1002.0')
    shown('a payment that came meanwhile is shown when the connection is back')
    await othersPay({ to: user.address, value: parseEther('3') })
    await hands.sees('eth', '1005.0')
    shown('and the next one by push')
  }, proxy.url)
}
