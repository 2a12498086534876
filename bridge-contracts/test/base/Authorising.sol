// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AuthorisationDisputes} from "../../contracts/AuthorisationDisputes.sol";
import {IAuthorisationDisputes} from "../../contracts/interfaces/IAuthorisationDisputes.sol";
import {IRollup} from "../../contracts/interfaces/IRollup.sol";
import {Demand} from "../../contracts/libraries/Demands.sol";
import {Batch, BatchHeader} from "../../contracts/libraries/Batches.sol";
import {ListRoot} from "../../contracts/libraries/ListRoot.sol";
import {Payment} from "../../contracts/libraries/transaction/Calls.sol";
import {Signed, WalletTransactions} from "../../contracts/libraries/transaction/WalletTransactions.sol";
import {Escaping} from "./Escaping.sol";
import {ListProofs} from "./ListProofs.sol";
import {Wallet} from "./Wallet.sol";

/// @title The contract with its demands unproven: whatever a test says a batch holds
contract UnprovenDemands is AuthorisationDisputes {
    constructor(address rollup_, uint128 bondFloor) AuthorisationDisputes(rollup_, address(0xda), bondFloor) {}

    function open(uint64 number, Batch calldata batch, Demand calldata demand) external payable {
        _open(number, batch, demand);
    }
}

/// @title Batches with signed transactions, and challenges of them
abstract contract Authorising is Escaping, Wallet {
    uint128 internal constant BOND_FLOOR = 0.05 ether;
    uint64 internal constant BASE_FEE = 1 gwei;
    uint256 internal constant KEY = 0xa11ce;
    /// What the transactions of the batches here pay.
    uint128 internal constant AMOUNT = 1.5 ether;

    UnprovenDemands internal authorisations;
    /// The account with `KEY`.
    address internal immutable signer = vm.addr(KEY);
    address internal immutable challenger = account("challenger");
    address internal immutable answerer = account("answerer");

    function deploy(IRollup.Parameters memory p) internal override {
        super.deploy(p);
        authorisations = new UnprovenDemands(address(rollup), BOND_FLOOR);
    }

    /// @dev The rollup comes next, and this contract after it.
    function disputeContracts() internal view override returns (address[] memory list) {
        list = new address[](2);
        list[0] = disputes;
        list[1] = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
    }

    /// @notice A transfer of ETH to bob, the plainest transaction there is.
    function transfer(uint64 nonce) internal view returns (bytes memory) {
        return sign(KEY, Wallet.Draft(rollup.L2_CHAIN_ID(), nonce, 2 * BASE_FEE, 21_000, bob, AMOUNT, ""));
    }

    /// @notice Posts a batch that claims these transactions.
    function postAuthorised(bytes[] memory raws) internal returns (uint64) {
        BatchHeader memory header = nextHeader();
        header.authRoot = ListRoot.root(hashesOf(raws));
        header.authCount = uint32(raws.length);
        return post(header);
    }

    function hashesOf(bytes[] memory raws) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](raws.length);
        for (uint256 i = 0; i < raws.length; ++i) {
            hashes[i] = keccak256(raws[i]);
        }
    }

    /// @notice The demand of an operation that does what the transaction says.
    function demandOf(uint32 place, bytes memory raw) internal view returns (Demand memory) {
        return Demand(place, digestOf(authorisations.decode(raw)), BASE_FEE);
    }

    function digestOf(Signed memory signed) internal pure returns (bytes32) {
        return WalletTransactions.digest(signed.sender, signed.nonce, signed.kind, signed.token, signed.payments);
    }

    /// @notice What the contract makes of a demand now.
    function expected(uint64 number, Demand memory demand, uint256 bond)
        internal
        view
        returns (IAuthorisationDisputes.Challenge memory)
    {
        BatchHeader memory header = batches[number].header;
        return IAuthorisationDisputes.Challenge({
            number: number,
            batchHash: rollup.batchHash(number),
            place: demand.place,
            authRoot: header.authRoot,
            authCount: header.authCount,
            digest: demand.digest,
            baseFee: demand.baseFee,
            deadline: uint64(block.timestamp) + RESPONSE_WINDOW,
            bond: uint128(bond),
            challenger: challenger
        });
    }

    /// @notice Opens a challenge with the least bond.
    function challenge(uint64 number, Demand memory demand)
        internal
        returns (IAuthorisationDisputes.Challenge memory opened)
    {
        uint256 bond = authorisations.requiredBond();
        opened = expected(number, demand, bond);
        vm.deal(challenger, challenger.balance + bond);
        vm.prank(challenger);
        authorisations.open{value: bond}(number, batches[number], demand);
    }

    /// @notice Answers from the answerer's account with a proof of the raw transaction at its place among `raws`.
    function answer(IAuthorisationDisputes.Challenge memory opened, bytes[] memory raws) internal {
        bytes32[] memory proof = ListProofs.proofOf(hashesOf(raws), opened.place);
        vm.prank(answerer);
        authorisations.answer(opened, raws[opened.place], proof);
    }

    function fell(IAuthorisationDisputes.Challenge memory opened) internal {
        authorisations.fell(opened, batches[opened.number], batches[opened.number - 1]);
    }

    function idOf(IAuthorisationDisputes.Challenge memory opened) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(opened.batchHash, opened.place));
    }
}
