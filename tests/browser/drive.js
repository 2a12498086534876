// A page and a wallet against a Spillway node, in a real browser. Run as the clients in `../clients/` are:
//
//     SPILLWAY_RPC=http://127.0.0.1:9545 SPILLWAY_CHAIN_ID=51717 SPILLWAY_TOKEN=0x... node drive.js pays

import { run } from '../clients/theme.js'
import { events } from './themes/events.js'
import { library } from './themes/library.js'
import { pays } from './themes/pays.js'
import { reconnects } from './themes/reconnects.js'
import { refusals } from './themes/refusals.js'
import { signs } from './themes/signs.js'
import { wrongNetwork } from './themes/wrong_network.js'

await run({ pays, wrong_network: wrongNetwork, refusals, reconnects, events, signs, library })
