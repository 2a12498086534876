//! A contract through which anybody acts in its name.

use alloy_primitives::{Address, Bytes};

/// Code that passes on to one contract whatever it is sent, value included, and fails where that fails. Put in another
/// contract's place by [`Controls::set_code`](crate::Controls::set_code), it does what only that contract may do.
#[must_use]
pub fn forwarder(to: Address) -> Bytes {
    // calldatacopy(0, 0, calldatasize)
    const BEFORE: [u8; 4] = [0x36, 0x5f, 0x5f, 0x37];
    // Of call(gas, to, callvalue, 0, calldatasize, 0, 0) what comes before the address, and the opcode that pushes it.
    const ARGUMENTS: [u8; 6] = [0x5f, 0x5f, 0x36, 0x5f, 0x34, 0x73];
    // gas, call; where it succeeded, jump to the last two: jumpdest, stop. Else revert(0, 0).
    const AFTER: [u8; 10] = [0x5a, 0xf1, 0x60, 0x26, 0x57, 0x5f, 0x5f, 0xfd, 0x5b, 0x00];
    [&BEFORE[..], &ARGUMENTS, to.as_slice(), &AFTER]
        .concat()
        .into()
}
