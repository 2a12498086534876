//! The name of a move, and a move from its name.
//!
//! | bytes | what |
//! |---|---|
//! | 15 | `spillway/move/1` |
//! | 1 | to whom: 0 hot, 1 cold, 2 operating |
//! | 8 | L1's time when it was decided, in seconds, big-endian |
//! | 8 | the first of the hash of its transaction: receiver or token, wei, calldata |
//!
//! The transaction manager keeps the name and the transaction on disk, and the pool is that of the manager's account. So a start
//! finds there every move that was ever handed over and not let go of: which one, how much, and when. That is all that is
//! remembered of moves, and nothing else has to be written in step with it. The same decision has the same name, which a
//! manager does not carry out twice.

use alloy_primitives::{B256, Bytes, U256};
use spillway_l1::erc20;
use spillway_l1::transactions::{IntentId, Request};
use spillway_protocol::keccak::keccak256_parts;

use super::route::{Asset, Pool, Route};
use super::under_way::Move;

const PREFIX: &[u8; 15] = b"spillway/move/1";
const TO: usize = PREFIX.len();
const TIME: usize = TO + 1;
const HASH: usize = TIME + 8;

/// Pools by their number in a name.
const POOLS: [Pool; 3] = [Pool::Hot, Pool::Cold, Pool::Operating];

/// Whether an intent is a move between pools: whose account is shared tells by this who is to hear of it.
#[must_use]
pub fn is_move(id: IntentId) -> bool {
    id.0.starts_with(PREFIX)
}

/// The name of a move to a pool that is decided at that time of L1 and made by that request, whose own name does not matter.
#[must_use]
pub fn name(to: Pool, time: u64, request: &Request) -> IntentId {
    let value = request.value.to_be_bytes::<32>();
    let hash = keccak256_parts(&[request.to.as_slice(), &value, &request.data]);
    let mut id = B256::ZERO;
    id[..TO].copy_from_slice(PREFIX);
    let number = POOLS.iter().position(|pool| *pool == to);
    id[TO] = number.expect("every pool has a number") as u8;
    id[TIME..HASH].copy_from_slice(&time.to_be_bytes());
    id[HASH..].copy_from_slice(&hash[..32 - HASH]);
    IntentId(id)
}

/// The move that a request of a pool's manager is; none if it is something else.
#[must_use]
pub fn read(from: Pool, request: &Request) -> Option<Move> {
    if !is_move(request.id) {
        return None;
    }
    let id = request.id.0;
    let to = *POOLS.get(usize::from(id[TO]))?;
    let time = id[TIME..HASH].try_into().ok()?;
    let (asset, amount) = match request.data.is_empty() {
        true => (Asset::Eth, request.value),
        false => {
            let (_, amount) = erc20::transferred_by(&request.data)?;
            (Asset::Token(request.to), amount)
        }
    };
    Some(Move {
        id: request.id,
        route: Route { asset, from, to },
        amount: u128::try_from(amount).ok()?,
        time: u64::from_be_bytes(time),
    })
}

/// The transaction of a move to that address, under its name.
pub(super) fn request(
    route: Route,
    to: alloy_primitives::Address,
    amount: u128,
    time: u64,
) -> Request {
    let amount = U256::from(amount);
    let unnamed = IntentId(B256::ZERO);
    let mut request = match route.asset {
        Asset::Eth => Request::call(unnamed, to, Bytes::new()).with_value(amount),
        Asset::Token(token) => Request::call(unnamed, token, erc20::transfer(to, amount)),
    };
    request.id = name(route.to, time, &request);
    request
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    #[test]
    fn a_move_is_read_from_its_request_as_it_was_decided() {
        let token = Asset::Token(Address::repeat_byte(9));
        let routes = [
            Route::TOP_UP,
            Route::fill(token),
            Route::surplus(Asset::Eth),
        ];
        for route in routes {
            let request = request(route, Address::repeat_byte(3), 17, 1_700_000_000);
            let expected = Move {
                id: request.id,
                route,
                amount: 17,
                time: 1_700_000_000,
            };
            assert_eq!(read(route.from, &request), Some(expected), "{route:?}");
        }
    }

    #[test]
    fn names_differ_where_moves_do() {
        let (route, to) = (Route::TOP_UP, Address::repeat_byte(3));
        let id = |route, to, amount, time| request(route, to, amount, time).id;
        let first = id(route, to, 5, 100);
        assert_eq!(id(route, to, 5, 100), first, "it is the same decision");
        let others = [
            id(route, to, 6, 100),
            id(route, to, 5, 101),
            id(route, Address::repeat_byte(4), 5, 100),
            id(Route::surplus(Asset::Eth), to, 5, 100),
        ];
        for other in others {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn what_is_no_move_is_not_taken_for_one() {
        let good = request(Route::TOP_UP, Address::repeat_byte(3), 5, 100);
        let mut other_name = good.clone();
        other_name.id.0[0] ^= 1;
        let mut other_pool = good.clone();
        other_pool.id.0[TO] = 3;
        let mut other_call = good.clone();
        other_call.data = vec![1, 2, 3, 4].into();
        let mut too_much = good.clone();
        too_much.value = U256::from(u128::MAX) + U256::from(1);
        for request in [other_name, other_pool, other_call, too_much] {
            assert_eq!(read(Pool::Hot, &request), None, "{request:?}");
        }
    }
}
